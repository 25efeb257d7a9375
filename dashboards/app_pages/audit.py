"""Every production change: who, when, why, approved by whom and after how long; rollbacks; templates."""

from __future__ import annotations

import streamlit as st

from dashboards.charts import audit as charts
from dashboards.components import chart, deployment_list
from dashboards.components.section import section
from dashboards.queries import audit as queries
from dashboards.queries.view import current
from dashboards.rows import audit as rows
from dashboards.sections import audit, lists

view = current()
trail = queries.trail(view.build, view.scope)

exceptions = st.container()
# The list is drawn first because a browser that receives a whole page at once shows its table last.
with st.container(border=True):
    audit.draw_changes(view, trail)
with (
    exceptions,
    section(
        "Exceptions", "Share of the changes of each kind · 95 % CI · click a title to list its changes, again for all"
    ),
):
    audit.draw_exceptions(trail)
    audit.draw_provenance(trail)

hours = rows.hours(queries.changes_by_hour(view.build, view.scope))
waits = rows.waits(queries.approval_waits(view.build, view.scope))
with st.grid(2, min_column_width=420):
    chart.draw(
        "Production changes by hour",
        f"Weekday and hour in {trail.timezone}. Strong colour: many; orange: mostly outside business hours.",
        charts.changes_by_hour(hours) if hours else None,
        audit.hour_click(),
        "No production changes.",
    )
    chart.draw(
        "Approval wait by application",
        "Time from the approval prompt to the decision, one dot per change, of the 24 applications with most approvals."
        " Bar: median of the application.",
        charts.approval_waits(waits) if waits else None,
        deployment_list.application_click(),
        "No pipeline has an approval prompt.",
    )

with st.container(border=True, gap="xsmall"):
    lists.draw_rollbacks(trail.rollbacks, view.zone)

with st.container(border=True, gap="xsmall"):
    lists.draw_templates(trail)
