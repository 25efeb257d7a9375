"""One deployment's own view: its time, its changes, who said yes, its canary, where it went, whether it failed."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboards import charts
from dashboards.components import chart, links, table
from dashboards.components.table import OPENED, hours, link, number, text, when
from dashboards.queries import cache
from dashboards.queries import text as wording
from dashboards.queries.cache import Build, Row
from dashboards.rows import frames

VERDICT = {"pass": "passed", "marginal": "was marginal", "fail": "failed", "no_data": "had no data"}
METRICS: dict[str, Any] = {
    "metric": text("Metric"), "groups": text("Group"), "classification": text("Judged"), "weight": text("Weight"),
    "baseline_mean": number("Baseline mean", format="%.4g"), "experiment_mean": number("Canary mean", format="%.4g"),
    "ratio": number("Ratio", format="%.3g", help="Canary mean over baseline mean."),
    "experiment_count": number("Points"), "provider": text("Source"), "reason": text("Why", width="large"),
}  # fmt: skip


def asked(build: Build) -> Row | None:
    """The deployment that the address names; null where it names none, or one that is not in the build."""
    name = st.query_params.get(OPENED)
    return next(iter(cache.rows(build, "deployment", name)), None) if name else None


def draw(build: Build, deployment: Row, zone: str, page: str) -> None:
    """Draw everything that is known of a deployment; names and messages are data, so they are shown as text."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.text(_sentence(deployment, zone))
        with st.container(horizontal=True, width="content"):
            st.button(f"Back to {page.lower()}", on_click=table.close)
            for label, url in links.of(deployment).items():
                st.link_button(label, url)
    shipped = cache.rows(build, "changes", deployment["deployment_id"])
    canaries = cache.rows(build, "canaries", deployment["deployment_id"])
    _facts(deployment, shipped, canaries)
    _time(build, deployment)
    _failure(build, deployment, zone)
    _changes(shipped, zone)
    _approvals(build, deployment, zone)
    _canary(build, deployment, canaries)
    _rollouts(build, deployment, zone)


def _sentence(row: Row, zone: str) -> str:
    team = f" of {row['team']}" if row["team"] else ""
    by = f" by {row['triggered_by']}" if row["triggered_by"] else ""
    content = (
        (row["commit"] or row["version"] or "unknown content")[: frames.SHORT] if row["commit"] else row["version"]
    )
    said = f"{row['application']}{team}: {row['kind']} of {content or 'unknown content'}"
    began = row["queued_at"] or row["traffic_at"] or row["finished_at"]
    return f"{said}, started {wording.moment(began, zone)} by pipeline {row['pipeline'] or '–'}{by}"


def _facts(row: Row, shipped: list[Row], canaries: list[Row]) -> None:
    slowest = max((change["hours"] for change in shipped if change["hours"] is not None), default=None)
    scored = canaries[-1]["score"] if canaries else None
    facts = {
        "Outcome": frames.outcome(row).partition(":")[0],
        "Took, queue to full traffic": _hours(row["took_hours"]),
        "Slowest change": _hours(slowest),
        "Changes": f"{len(shipped):,}",
        "Canary score": "–" if scored is None else f"{scored:.0f}",
        "Recovered in": "not yet" if row["still_failing"] else _hours(row["recovered_hours"]),
    }
    with st.grid(6, min_column_width=150):
        for label, value in facts.items():
            st.metric(label, value, border=True, height="stretch")


def _hours(amount: float | None) -> str:
    return "–" if amount is None else wording.hours(amount)


def _time(build: Build, deployment: Row) -> None:
    """The lanes: what held it up, then each rollout."""
    stages = cache.rows(build, "stages", deployment["deployment_id"])
    rollouts = cache.rows(build, "rollouts", deployment["deployment_id"])
    lanes = [row | {"lane": "held up by"} for row in stages]
    for row in rollouts:
        place = " / ".join(row[name] for name in ("account", "location", "cluster") if row[name]) or "production"
        lanes.append(row | {"lane": place, "what": "canary" if row["is_canary"] else "rollout"})
    lanes = [_light(row) for row in lanes if row["start"] is not None and row["end"] is not None]
    chart.chart(
        "Where its time went",
        "Time since it was queued. First lane: what held it up; below: each rollout, first traffic as triangle, full"
        " traffic as dot.",
        partial(charts.timeline, lanes) if lanes else None,
        instead="No times are known of it.",
    )


def _light(row: Row) -> Row:
    kept = {name: row.get(name) for name in ("lane", "what", "start", "end", "first", "full")}
    return kept | {"text": wording.hours(max(0.0, row["end"] - row["start"]))}


def _failure(build: Build, row: Row, zone: str) -> None:
    rows = cache.rows(build, "evidence", row["deployment_id"])
    with st.container(border=True, gap="xsmall"):
        st.subheader("Did it fail, and how did it recover", anchor=False)
        st.caption(_verdict(row, zone))
        shown = [piece | {"what": frames.EVIDENCE.get(piece["evidence"], piece["evidence"])} for piece in rows]
        if shown:
            table.table(shown, zone, {
                "what": text("Evidence"), "happened_at": when("Seen", zone), "recovered_at": when("Mended", zone),
                "confidence": text("How sure"), "severity": text("Severity"),
                "title": text("Incident", width="large"), "kind": text("By a"),
                "url": link("Where to look", "Open"),
            }, "Evidence that the deployment failed", button=table.opens("evidence"))  # fmt: skip


def _verdict(row: Row, zone: str) -> str:
    if row["evidence"] and row["still_failing"]:
        return f"It failed {wording.moment(row['failed_at'], zone)} and has not recovered in this data."
    if row["evidence"]:
        whole = wording.moment(row["recovered_at"], zone)
        return f"It failed and was whole again {whole}, after {_hours(row['recovered_hours'])}."
    if not row["took_traffic"]:
        return "It never took traffic, so it can not have failed in production."
    window = f"{row['failure_window_hours']:.0f} hours"
    if row["may_still_fail"]:
        return f"Nothing says so yet; the data ends before its {window} are over."
    return (
        f"Nothing says so: no rollback, no fix forward, no incident within {window}, and its own rollouts went through."
    )


def _changes(rows: list[Row], zone: str) -> None:
    with st.container(border=True, gap="xsmall"):
        st.subheader("Changes it was the first to ship", anchor=False)
        st.caption(f"{wording.counted(len(rows), 'change')}, the slowest from merge to production first")
        if rows:
            shown = [row | {"url": links.commit(row["repository"], row["sha"])} for row in rows]
            table.table(shown, zone, {
                "subject": text("Change", width="large"), "author": text("Author"), "merged_at": when("Merged", zone),
                "hours": hours("Lead time"), "excluded": text("Left out because"), "change_request": text("Request"),
                "short_sha": text("Commit"), "url": link("Git host", "Open"),
            }, "Changes that the deployment shipped, slowest first")  # fmt: skip


def _approvals(build: Build, deployment: Row, zone: str) -> None:
    rows = cache.rows(build, "approvals", deployment["deployment_id"])
    with st.container(border=True, gap="xsmall"):
        st.subheader("Who was asked", anchor=False)
        st.caption("Questions put to people on its way, and how long each waited" if rows else "Nobody was asked.")
        if rows:
            table.table(rows, zone, {
                "prompt": text("Question", width="large"), "outcome": text("Outcome"), "decision": text("Answer"),
                "decided_by": text("By"), "roles": text("Roles required"), "unauthorized_user": text("Refused"),
                "started_at": when("Asked", zone), "hours": hours("Waited"),
            }, "Approvals of the deployment")  # fmt: skip


def _canary(build: Build, deployment: Row, canaries: list[Row]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.subheader("Canary", anchor=False)
        st.caption(" ".join(_judged(canary) for canary in canaries) or "No canary analysis ran.")
        rows = cache.rows(build, "canary_metrics", deployment["deployment_id"])
        if rows:
            table.table(rows, "UTC", METRICS, "Metrics of the judgment that the verdict rests on, what failed first")


def _judged(canary: Row) -> str:
    verdict = VERDICT.get(canary["verdict"], canary["verdict"].replace("_", " "))
    score = "without a score" if canary["score"] is None else f"with {canary['score']:.0f}"
    return (
        f"The analysis {verdict} {score}, where {canary['pass_threshold']:.0f} passes and up to"
        f" {canary['marginal_threshold']:.0f} fails, over {wording.counted(canary['intervals'] or 0, 'interval')}."
    )


def _rollouts(build: Build, deployment: Row, zone: str) -> None:
    rows = cache.rows(build, "rollouts", deployment["deployment_id"])
    columns: dict[str, Any] = {
        "account": text("Account"), "location": text("Location"), "cluster": text("Cluster"), "action": text("Action"),
        "strategy": text("Strategy"), "status": text("Status"), "started_at": when("Started", zone),
        "first_traffic_at": when("First traffic", zone), "full_traffic_at": when("Full traffic", zone),
        "version": text("Version"), "reason": text("Why"),
    }  # fmt: skip
    with st.container(border=True, gap="xsmall"):
        st.subheader("Rollouts", anchor=False)
        st.caption(
            f"{wording.counted(len(rows), 'rollout')} to production targets, those for a canary analysis among them"
        )
        if rows:
            table.table(rows, zone, columns, "Rollouts of the deployment, one a target")
