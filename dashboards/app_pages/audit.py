"""Every production change: who, when, approved by whom and after how long; rollbacks; templates."""

from __future__ import annotations

import streamlit as st

from dashboards.charts import audit as charts
from dashboards.components import chart, deployment_list
from dashboards.components.section import section
from dashboards.queries import cache
from dashboards.queries.view import current
from dashboards.rows import audit
from dashboards.sections import lists

view = current()
trail = cache.audit(view.build, view.scope)
hours, waits = audit.hours(trail.rows), audit.waits(trail.rows)

with section("Exceptions"):
    for sentence in trail.sentences:
        st.text(sentence)

with st.grid(2, min_column_width=420):
    chart.draw(
        "Production changes by hour",
        f"Weekday and hour in {trail.timezone}. Strong colour: many; orange: mostly outside business hours.",
        charts.changes_by_hour(hours) if hours else None,
        lists.hour_click(),
        "No production changes.",
    )
    chart.draw(
        "Approval wait by application",
        "Time from the approval prompt to the decision, one dot per change. Bar: median of the application.",
        charts.approval_waits(waits) if waits else None,
        deployment_list.application_click(),
        "No pipeline has an approval prompt.",
    )

with st.container(border=True):
    lists.draw_changes(trail, view.zone)

with st.container(border=True, gap="xsmall"):
    lists.draw_rollbacks(trail.rollbacks, view.zone)

with st.container(border=True, gap="xsmall"):
    lists.draw_templates(trail)
