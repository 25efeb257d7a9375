"""The keys of the selection, their trends, and the deployments behind them."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import dora
from dashboards import cards, charts, data, drill, filters, wording

build, chosen = data.current(), filters.chosen()
known = data.about(build)
before = chosen.before(known.history)
now = {name: data.values(build, name, chosen.now)[0] for name in cards.KEYS}
grain = chosen.grain(known.history, now["deployment_frequency"].value)
trends = {name: data.values(build, name, data.trend(build, chosen.now, grain)) for name in cards.KEYS}
by_application = data.values(build, "deployment_frequency", replace(chosen.now, by="application"))

st.caption(
    f"{wording.counted(now['deployment_frequency'].n, 'production deployment')} of"
    f" {wording.counted(sum(1 for value in by_application if value.n), 'application')} in {chosen.words},"
    f" {f'compared with {chosen.words_before}' if before else 'with no equal window before to compare'}"
    f" · data to {wording.moment(known.as_of, known.timezone)}"
)

with st.grid(3, min_column_width=300):
    for name in cards.KEYS:
        earlier = data.values(build, name, before)[0] if before else None
        cards.card(dora.metrics()[name], now[name], earlier, charts.rows(trends[name]))

drawn, listed = st.grid(3, min_column_width=340), st.container(border=True)
with listed:
    heading, choice, file = st.columns([7, 3, 1], vertical_alignment="bottom")
    with choice:
        picked = drill.picker([f"{value.period:%Y-%m-%d}" for value in trends["deployment_frequency"]], grain)
    rows = data.deployments(build, data.within(build, chosen.now, picked, grain) if picked else chosen.now)
    with heading:
        st.subheader("Deployments", anchor=False)
        drill.summary(rows)
    with file:
        drill.export(rows)
    drill.table(build, rows, known.timezone)

with drawn:
    drill.chart(
        "Lead time for changes",
        f"Median by {grain} of merging, on a log scale. Band: its 95 % interval;"
        f" dashed: the window's {now['lead_time'].text}.",
        charts.medians(charts.rows(trends["lead_time"], picked), now["lead_time"]),
        picked,
    )
    drill.chart(
        "Change failure rate",
        f"Share that failed, by {grain}. Whiskers: its 95 % interval;"
        f" dashed: the window's {now['change_failure_rate'].text}.",
        charts.shares(charts.rows(trends["change_failure_rate"], picked), now["change_failure_rate"]),
        picked,
    )
    drill.chart(
        "Deployments",
        f"Per {grain}, rollbacks and redeploys apart. Hollow: not a whole {grain}. Click a {grain} to list it below.",
        charts.counts(charts.rows(trends["deployment_frequency"], picked)),
        picked,
    )
