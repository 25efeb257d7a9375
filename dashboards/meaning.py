"""What stands behind a number: its question, and the definitions in force that shaped it, as sentences."""

from __future__ import annotations

from collections import defaultdict

import streamlit as st

from dashboards import data
from dashboards.view import View
from dora import Metric

PRODUCTION = (
    "production_environments", "production_accounts", "production_locations", "production_clusters",
    "production_pipelines", "canary_clusters",
)  # fmt: skip
KIND = ("hotfix_branches", "hotfix_subjects", "hotfix_pipelines", "rollback_pipelines")
FAILED = ("failure_window_hours", "rollback_blames")
SHAPED_BY: dict[str, tuple[str, ...]] = {
    "approval_wait": PRODUCTION,
    "batch_size": (*KIND, "paths", *PRODUCTION),
    "canary_pass_rate": PRODUCTION,
    "change_failure_rate": (*FAILED, *KIND, *PRODUCTION),
    "deployment_frequency": (*KIND, *PRODUCTION),
    "lead_time": ("lead_time_starts", "lead_time_stops", "paths", *PRODUCTION),
    "recovery_time": ("recovery_starts", *FAILED, *KIND, *PRODUCTION),
    "rework_rate": (*KIND, "failure_window_hours", *PRODUCTION),
    "time_to_restore": ("failure_window_hours", *PRODUCTION),
}


def popover(shown: View, metric: Metric, incomplete: str | None = None) -> None:
    """A metric's name; a click on it shows its question and each definition that shaped it, with its value in force."""
    with st.popover(metric.title, type="tertiary", width="content"):
        st.text(metric.question)
        if incomplete:
            st.text(f"Incomplete: {incomplete}.")
        for key, said, values in in_force(shown, metric.name):
            st.caption(said)
            st.text(f"{key} = {values}")


def in_force(shown: View, metric: str) -> list[tuple[str, str, str]]:
    """Key, sentence and value of each definition that shaped a metric here; those that are not set are left out.

    Where applications differ, the value says how many have which.
    """
    names = SHAPED_BY.get(metric, PRODUCTION)
    chosen = {value.group for value in shown.by("deployment_frequency", "application")}
    met: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in names}
    sentences: dict[str, str] = {}
    for row in data.rows(shown.build, "definitions"):
        if row["key"] in met and row["application"] in chosen:
            met[row["key"]][row["value"]].append(row["application"])
            sentences[row["key"]] = row["says"]
    return [(key, sentences[key], _values(found)) for key, found in met.items() if any(found)]


def _values(found: dict[str, list[str]]) -> str:
    if len(found) == 1:
        return next(iter(found))
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return "; ".join(
        f"{value or 'none'} ({names[0] if len(names) == 1 else f'{len(names)} applications'})"
        for value, names in ordered
    )
