"""What the stability page draws: the recovery curve, what was caught, what failed, and the claim put to the data."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts, data, drill, tables, wording
from dashboards.charts import Row
from dashboards.view import View

FEW = 100
CAUGHT = ("stopped_by_canary", "rejected", "not_deployed", "canceled")


def curve(shown: View) -> list[Row]:
    """The recovery curve's steps."""
    steps = data.curve(shown.build, "recovery_time", shown.now)
    return [row | {"hours": row["value"], "at": wording.hours(row["value"])} for row in steps]


def caught(shown: View) -> list[Row]:
    """Attempts that were ended before they served, by what ended them."""
    apart = shown.value("change_failure_rate").excluded
    known = {name: apart[name] for name in CAUGHT if apart.get(name)}
    total = sum(known.values())
    return [{"name": name.replace("_", " "), "n": count, "share": count / total} for name, count in known.items()]


def failed(shown: View, picked: str | None) -> list[Row]:
    """Failed deployments of the window, or of a period of it."""
    scope = data.within(shown.build, shown.whole, picked, shown.grain) if picked else shown.now
    return [
        row
        | {
            "what": ", ".join(tables.EVIDENCE.get(word, word) for word in row["evidence"].split()),
            "recovered": "not yet" if row["still_failing"] else "yes",
        }
        for row in data.over(shown.build, "failed", "change_failure_rate", scope, FEW)
    ]


def claim(shown: View) -> None:
    """Whether deploying more often goes with smaller and safer changes here, and what that would take to be true."""
    found = data.claims(shown.build, shown.now)
    st.subheader("Does deploying more often go with smaller and safer changes here?", anchor=False)
    st.caption("What goes together in this selection, not what causes what. Each sentence carries its own evidence.")
    between, sizes = st.columns(2)
    with between:
        drill.whose(
            "Between applications",
            "An application a dot: deployments per day (log) against its share that failed, whiskers 95 %."
            f" Those with {found.enough} deployments and more.",
            partial(charts.against, found.applications) if found.applications else None,
            "No application has enough deployments in this window.",
        )
    with sizes:
        drill.plain(
            "By size",
            "Share that failed, of deployments that came to full traffic, by changes each brought; whiskers 95 %.",
            partial(charts.classes, found.sizes) if found.sizes else None,
            "No deployment here has a known number of changes.",
        )
    st.markdown("\n".join(f"- {said}" for said in found.readings.values()))
    with st.expander("What would have to be true for it to be the frequency that makes it so"):
        st.markdown("\n".join(f"- {caveat}" for caveat in found.caveats))
