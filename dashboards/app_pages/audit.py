"""Every change of production: who, when, approved by whom and after how long; rollbacks; templates."""

from __future__ import annotations

import streamlit as st

from dashboards.charts import audit as charts
from dashboards.components import chart, deployment_list
from dashboards.queries import cache, view
from dashboards.rows import audit
from dashboards.sections import lists

shown = view.current()
told = cache.audit(shown.build, shown.now)
cells, waits = audit.hours(told.rows), audit.waits(told.rows)

with st.container(border=True, gap="xsmall"):
    st.subheader("What stands out", anchor=False)
    for sentence in told.sentences:
        st.text(sentence)

with st.grid(2, min_column_width=420):
    chart.chart(
        "When production changes",
        f"By day and hour in {told.timezone}, the stronger the more; in vermilion out of hours.",
        charts.hours(cells) if cells else None,
        lists.hour(),
        "Nothing took traffic.",
    )
    chart.chart(
        "How long questions wait",
        "From the question to the answer, each change once; the bar is the application's median.",
        charts.waits(waits) if waits else None,
        deployment_list.application(),
        "No pipeline asked anybody.",
    )

with st.container(border=True):
    lists.changes(told, shown.zone)

with st.container(border=True, gap="xsmall"):
    lists.rollbacks(told.rollbacks, shown.zone)

with st.container(border=True, gap="xsmall"):
    lists.templates(told)
