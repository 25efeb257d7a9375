"""The data behind the numbers: freshness of each source, coverage, data checks, definitions in force."""

from __future__ import annotations

import streamlit as st

from dashboards.components import banners, table
from dashboards.components.section import section
from dashboards.components.table import local_time, number, text
from dashboards.queries import builds, cache
from dashboards.queries import text as wording
from dashboards.queries.view import current
from dashboards.rows import frames
from dashboards.sections import data_quality

MAX_APPLICATIONS = 100  # of the table of coverage
view = current()
built_at = wording.format_time(cache.fetch_rows(view.build, "built")[0]["built_at"], view.zone)
stale_after = wording.format_age(view.about.stale_after)
with section("Sources", f"The last run of each source. Data older than {stale_after} is stale. Built {built_at}."):
    table.draw(data_quality.sources(view), view.zone, {
        "source": text("Source"), "state": text("State", width="medium"),
        "as_of": local_time("Data through", view.zone), "started_at": local_time("Last run", view.zone),
        "minutes": number("Duration (min)", format="%.1f"), "documents": number("Documents", format="localized"),
        "quarantined": number("Quarantined", format="localized"), "runs": number("Total runs", format="localized"),
        "partial_failures": text("Partial failures", width="large"),
    }, "Sources with their last run")  # fmt: skip

with section("Coverage", "How much of this selection has complete data, and what the numbers exclude."):
    with st.grid(5, min_column_width=170):
        for title, value, sentence in data_quality.coverage(view):
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(title, value)
                st.caption(sentence)
    applications = view.query_observations("coverage_by_application", cache.EVERY_ATTEMPT, MAX_APPLICATIONS)
    if applications:
        st.caption(f"{frames.count_listed(applications, 'application')}, lowest share with a commit first")
        table.draw(applications, view.zone, {
            "application": text("Application"), "team": text("Team"), "since": local_time("History from", view.zone),
            "deployments": number("Deployments", format="localized"),
            "known": number("With commit", format="percent"),
            "changes": number("Changes", format="localized"), "left_out": number("Excluded", format="localized"),
            "open": number("Awaiting deployment", format="localized"), "gaps": number("History gaps"),
            "quietest": local_time("Last deployment", view.zone),
        }, "Coverage by application, lowest first")  # fmt: skip

checks = data_quality.check_results(view)
failed = [row for row in checks if row["rows"]]
with section("Data checks", f"{len(checks) - len(failed)} of {len(checks)} checks passed."):
    if failed:
        table.draw(failed, view.zone, {
            "severity": text("Severity"), "rows": number("Rows", format="localized"),
            "title": text("Check", width="large"), "example": text("Example", width="medium"),
            "next": text("Next step", width="large"),
        }, "Failed checks with the next step for each")  # fmt: skip
    banners.draw_hints(builds.open_build(view.build).hints())
    with st.expander(f"All {len(checks)} checks"):
        table.draw(checks, view.zone, {
            "title": text("Check", width="large"), "severity": text("Severity"), "rows": number("Rows"),
        }, "Every check with the number of rows that it returned")  # fmt: skip

with section(
    "Definitions in force",
    "The settings in dora.toml behind these numbers. After a change, the next build recalculates all history.",
):
    table.draw(data_quality.definitions(view), view.zone, {
        "key": text("Definition"), "value": text("Value", width="medium"),
        "description": text("Description", width="large"), "metrics": text("Affects", width="medium"),
    }, "Definitions in force with their descriptions", tall=True)  # fmt: skip
