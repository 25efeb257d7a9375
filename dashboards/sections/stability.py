"""What the stability page draws: the recovery curve, what was caught, what failed, and the claim put to the data."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboards import charts
from dashboards.charts import Row
from dashboards.components import chart, deployment_list
from dashboards.queries import cache, text
from dashboards.queries.cache import Part
from dashboards.queries.view import View
from dashboards.rows import frames

FEW, MOST = 100, 1e99
CAUGHT = ("stopped_by_canary", "rejected", "not_deployed", "canceled")
BROKEN = {
    "failed": 0.0, "broken for 15 min": 0.25, "broken for 1 h": 1.0, "broken for 4 h": 4.0, "broken for 1 d": 24.0,
    "broken for 3 d": 72.0, "broken for 7 d": 168.0,
}  # fmt: skip


def curve(shown: View) -> list[Row]:
    """The recovery curve's steps."""
    steps = cache.curve(shown.build, "recovery_time", shown.now)
    return [row | {"hours": row["value"], "at": text.hours(row["value"]), "part": _broken(row["value"])}
            for row in steps]  # fmt: skip


def _broken(hours: float) -> str:
    """The class of deployments that had not recovered for the longest round time that had passed by then."""
    return next(name for name, after in reversed(BROKEN.items()) if hours >= after)


def caught(shown: View) -> list[Row]:
    """Attempts that were ended before they served, by what ended them."""
    apart = shown.value("change_failure_rate").excluded
    known = {name.replace("_", " "): apart[name] for name in CAUGHT if apart.get(name)}
    total = sum(known.values())
    return [{"name": name, "n": n, "share": n / total, "part": f"ended: {name}"} for name, n in known.items()]


def sizes(shown: View) -> list[Row]:
    """The share that failed by how many changes each brought."""
    found = cache.claims(shown.build, shown.now).sizes
    return [row | {"part": f"{row['name']} change{'s' if row['least'] else ''}"} for row in found]


def parts(shown: View) -> dict[str, Part]:
    """Classes of deployments that the charts of the page tell apart, by what they are called."""
    return (
        {name: Part("broken", (hours,)) for name, hours in BROKEN.items()}
        | {f"ended: {name.replace('_', ' ')}": Part("ended", (name,)) for name in CAUGHT}
        | {row["part"]: Part("batch", (row["least"], row["below"] or MOST)) for row in sizes(shown)}
    )


def failed(shown: View, picked: str | None) -> list[Row]:
    """Failed deployments of the window, or of a period of it."""
    scope = cache.within(shown.build, shown.whole, picked, shown.grain) if picked else shown.now
    return [
        row
        | {
            "what": ", ".join(frames.EVIDENCE.get(word, word) for word in row["evidence"].split()),
            "recovered": "not yet" if row["still_failing"] else "yes",
        }
        for row in cache.over(shown.build, "failed", "change_failure_rate", scope, FEW)
    ]


def claim(shown: View) -> None:
    """Whether deploying more often goes with smaller and safer changes here, and what that would take to be true."""
    found = cache.claims(shown.build, shown.now)
    st.subheader("Does deploying more often go with smaller and safer changes here?", anchor=False)
    st.caption("What goes together in this selection, not what causes what. Each sentence carries its own evidence.")
    between, within = st.columns(2)
    with between:
        chart.chart(
            "Between applications",
            "An application a dot: deployments per day (log) against its share that failed, whiskers 95 %."
            f" Those with {found.enough} deployments and more.",
            partial(charts.against, found.applications) if found.applications else None,
            deployment_list.application(),
            "No application has enough deployments in this window.",
        )
    with within:
        by_size = sizes(shown)
        chart.chart(
            "By size",
            "Share that failed, of deployments that came to full traffic, by changes each brought; whiskers 95 %.",
            partial(charts.classes, by_size) if by_size else None,
            deployment_list.part("a size"),
            "No deployment here has a known number of changes.",
        )
    st.markdown("\n".join(f"- {said}" for said in found.readings.values()))
    with st.expander("What would have to be true for it to be the frequency that makes it so"):
        st.markdown("\n".join(f"- {caveat}" for caveat in found.caveats))
