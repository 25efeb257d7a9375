"""The view of one deployment: timeline, failure and recovery, changes, approvals, canary, rollouts."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboards import charts
from dashboards.components import chart, table
from dashboards.components.section import section
from dashboards.components.table import hours, link, local_time, number, text
from dashboards.queries import cache
from dashboards.queries import text as wording
from dashboards.queries.builds import Build, Row
from dashboards.rows import frames
from dora import Delivery

CANARY_RESULTS = {"pass": "passed", "marginal": "was marginal", "fail": "failed", "no_data": "had no data"}
METRICS: dict[str, Any] = {
    "metric": text("Metric"), "groups": text("Group"), "classification": text("Result"),
    "weight": text("Criticality"), "baseline_mean": number("Baseline mean", format="%.4g"),
    "experiment_mean": number("Canary mean", format="%.4g"),
    "ratio": number("Ratio", format="%.3g", help="Canary mean over baseline mean."),
    "experiment_count": number("Data points"), "provider": text("Provider"), "reason": text("Reason", width="large"),
}  # fmt: skip
STAGE_LANE = "stages"


def draw(build: Build, deployment_id: str, zone: str, page: str) -> None:
    """Draw one deployment, its outcome and evidence first; if the build has none of that id, the way back.

    Names and messages come from sources, so they are drawn as text, never as Markdown.
    """
    deployment = next(iter(cache.fetch_rows(build, "deployment", deployment_id)), None)
    _draw_links(build, deployment, page)
    if deployment is None:
        st.text(f"Deployment {deployment_id} not found. This build has no deployment with that id.")
        return
    st.text(_summary(deployment, zone))
    changes, canaries, rollouts = (
        cache.fetch_rows(build, query, deployment["deployment_id"]) for query in ("changes", "canaries", "rollouts")
    )
    _draw_facts(deployment, changes, canaries)
    _draw_failure(build, deployment, zone)
    _draw_timeline(cache.fetch_rows(build, "stages", deployment["deployment_id"]), rollouts)
    with section("Changes shipped", f"{wording.format_count(len(changes), 'change')}, slowest first"):
        if changes:
            rows = [row | {"url": table.commit_link(row["repository"], row["sha"])} for row in changes]
            table.draw(rows, zone, {
                "subject": text("Change", width="large"), "author": text("Author"),
                "merged_at": local_time("Merged", zone), "hours": hours("Lead time"),
                "excluded": text("Excluded because"), "change_request": text("Pull request"),
                "short_sha": text("Commit"), "url": link("Git host", "Open"),
            }, "Changes that the deployment shipped, slowest first")  # fmt: skip
    _draw_approvals(build, deployment, zone)
    with section("Canary", " ".join(map(_canary_sentence, canaries)) or "No canary analysis."):
        if metrics := cache.fetch_rows(build, "canary_metrics", deployment["deployment_id"]):
            table.draw(metrics, zone, METRICS, "Metrics of the deciding canary judgment, failed metrics first")
    with section(
        "Rollouts", f"{wording.format_count(len(rollouts), 'rollout')} to production, canary rollouts included"
    ):
        if rollouts:
            table.draw(rollouts, zone, {
                "account": text("Account"), "location": text("Location"), "cluster": text("Cluster"),
                "action": text("Action"), "strategy": text("Strategy"), "status": text("Status"),
                "started_at": local_time("Started", zone), "first_traffic_at": local_time("First traffic", zone),
                "full_traffic_at": local_time("Full traffic", zone), "version": text("Version"),
                "reason": text("Reason"),
            }, "Rollouts of the deployment, one per target")  # fmt: skip


def _draw_links(build: Build, deployment: Row | None, page: str) -> None:
    """Draw the way back, to the deployments of the application before and after, and out to Deck and the git host."""
    with st.container(horizontal=True, gap="small"):
        st.button(f"Back to {page.lower()}", on_click=table.close_deployment)
        if deployment is None:
            return
        neighbours = cache.fetch_rows(build, "neighbours", deployment["deployment_id"])[0]
        for label, key in (("Previous deployment", "previous_id"), ("Next deployment", "next_id")):
            go = partial(table.open_deployment, neighbours[key])
            st.button(label, on_click=go, disabled=neighbours[key] is None, help=f"{label} of the application")
        for label, url in table.deployment_links(deployment).items():
            st.link_button(label, url)


def _summary(row: Row, zone: str) -> str:
    team = f" ({row['team']})" if row["team"] else ""
    user = f", triggered by {row['triggered_by']}" if row["triggered_by"] else ""
    (version,) = Delivery.short_versions([row["version"]])
    content = (row["commit"] or "")[: frames.SHORT_SHA] or version or "unknown content"
    started = wording.format_time(row["queued_at"] or row["traffic_at"] or row["finished_at"], zone)
    pipeline = row["pipeline"] or "–"
    return f"{row['application']}{team}: {row['kind']} of {content}, started {started} by pipeline {pipeline}{user}"


def _draw_facts(row: Row, changes: list[Row], canaries: list[Row]) -> None:
    slowest = max((change["hours"] for change in changes if change["hours"] is not None), default=None)
    score = canaries[-1]["score"] if canaries else None
    facts = {
        "Outcome": frames.outcome(row).partition(":")[0],
        "Queue to full traffic": _duration(row["took_hours"]),
        "Slowest change": _duration(slowest),
        "Changes": f"{len(changes):,}",
        "Canary score": "–" if score is None else f"{score:.0f}",
        "Time to recovery": "not yet" if row["still_failing"] else _duration(row["recovered_hours"]),
    }
    with st.grid(6, min_column_width=150):
        for label, value in facts.items():
            st.metric(label, value, border=True, height="stretch")


def _duration(amount: float | None) -> str:
    return "–" if amount is None else wording.format_hours(amount)


def _draw_timeline(stages: list[Row], rollouts: list[Row]) -> None:
    bars = [row | {"lane": STAGE_LANE} for row in stages]
    for row in rollouts:
        target = " / ".join(row[name] for name in ("account", "location", "cluster") if row[name])
        bars.append(row | {"lane": target or "production", "what": "canary" if row["is_canary"] else "rollout"})
    # Only what the chart draws: rollouts have texts of any length, and all of it is sent to the browser.
    drawn = [
        {name: row.get(name) for name in ("lane", "what", "start", "end", "first", "full")}
        | {"text": wording.format_hours(max(0.0, row["end"] - row["start"]))}
        for row in bars
        if row["start"] is not None and row["end"] is not None
    ]
    chart.draw(
        "Timeline",
        "Time since the deployment was queued. First lane: its stages; other lanes: one rollout each, with a triangle"
        " at first traffic and a dot at full traffic.",
        partial(charts.timeline, drawn) if drawn else None,
        empty="No times are recorded.",
    )


def _draw_failure(build: Build, row: Row, zone: str) -> None:
    with section("Failure and recovery", _failure_sentence(row, zone)):
        evidence = cache.fetch_rows(build, "evidence", row["deployment_id"])
        if evidence:
            rows = [piece | {"what": frames.EVIDENCE.get(piece["evidence"], piece["evidence"])} for piece in evidence]
            table.draw(rows, zone, {
                "what": text("Evidence"), "happened_at": local_time("Detected", zone),
                "recovered_at": local_time("Resolved", zone), "confidence": text("Confidence"),
                "severity": text("Severity"), "title": text("Incident", width="large"), "kind": text("Deployment kind"),
                "url": link("Source", "Open"),
            }, "Evidence that the deployment failed", button=table.open_button("evidence"))  # fmt: skip


def _failure_sentence(row: Row, zone: str) -> str:
    if row["evidence"]:
        failed = f"It failed on {wording.format_time(row['failed_at'], zone)}"
        if row["still_failing"]:
            return f"{failed} and had not recovered at the end of the data."
        recovered = wording.format_time(row["recovered_at"], zone)
        return f"{failed} and recovered on {recovered}, after {_duration(row['recovered_hours'])}."
    if row["outcome"] == "dark":
        enabled = f"; {row['prepared_for_id']} gave its content traffic" if row["prepared_for_id"] else ""
        return f"Its content waited without traffic, so it cannot have failed in production{enabled}."
    if not row["took_traffic"]:
        return "It never received traffic, so it cannot have failed in production."
    window = f"{row['failure_window_hours']:.0f} hours"
    if row["may_still_fail"]:
        return f"No failure so far; the data ends before its failure window of {window} is over."
    return f"No failure: no rollback, fix-forward or incident within {window}, and its rollouts succeeded."


def _draw_approvals(build: Build, deployment: Row, zone: str) -> None:
    approvals = cache.fetch_rows(build, "approvals", deployment["deployment_id"])
    with section("Approvals", "Approval prompts and their wait" if approvals else "No approval was required."):
        if approvals:
            table.draw(approvals, zone, {
                "prompt": text("Approval prompt", width="large"), "outcome": text("Outcome"),
                "decision": text("Decision"), "decided_by": text("Decided by"), "roles": text("Required roles"),
                "unauthorized_user": text("Unauthorized user"), "started_at": local_time("Prompted", zone),
                "hours": hours("Approval wait"),
            }, "Approvals of the deployment")  # fmt: skip


def _canary_sentence(canary: Row) -> str:
    result = CANARY_RESULTS.get(canary["verdict"], canary["verdict"].replace("_", " "))
    score = "without a score" if canary["score"] is None else f"with a score of {canary['score']:g}"
    restarted = f", restarted by {canary['restarted_by']}" if canary["restarted_by"] else ""
    unread = " Its judgment could not be read." if canary["unread_judgment"] else ""
    return (
        f"The analysis {result} {score} (pass threshold {canary['pass_threshold']:.0f}, marginal threshold"
        f" {canary['marginal_threshold']:.0f}) after {wording.format_count(canary['intervals'] or 0, 'interval')}"
        f"{restarted}.{unread}"
    )
