"""Every change of production: who, when, approved by whom and after how long; rollbacks; templates."""

from __future__ import annotations

import streamlit as st

from dashboards import audit_rows, data, drawing, drill, lists, view
from dashboards.charts import audit as charts

shown = view.current()
told = data.audit(shown.build, shown.now)
cells, waits = audit_rows.hours(told.rows), audit_rows.waits(told.rows)

with st.container(border=True, gap="xsmall"):
    st.subheader("What stands out", anchor=False)
    for sentence in told.sentences:
        st.text(sentence)

with st.grid(2, min_column_width=420):
    drawing.chart(
        "When production changes",
        f"By day and hour in {told.timezone}, the stronger the more; in vermilion out of hours.",
        charts.hours(cells) if cells else None,
        lists.hour(),
        "Nothing took traffic.",
    )
    drawing.chart(
        "How long questions wait",
        "From the question to the answer, each change once; the bar is the application's median.",
        charts.waits(waits) if waits else None,
        drill.application(),
        "No pipeline asked anybody.",
    )

with st.container(border=True):
    lists.changes(told, shown.zone)

with st.container(border=True, gap="xsmall"):
    lists.rollbacks(told.rollbacks, shown.zone)

with st.container(border=True, gap="xsmall"):
    lists.templates(told)
