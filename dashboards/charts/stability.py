"""What failed, how fast it recovered, and whether more often goes with safer."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style as m
from dashboards.charts.style import HEIGHT, Row, Tone

FINGER = 240  # square pixels around a step in which a click means it


def survival(rows: list[Row], tone: Tone = "vermilion") -> alt.LayerChart:
    """The share not yet recovered after so long, in steps with a 95 % band; rows have ``hours, left, low, high, part``.

    A click on a step picks what ``part`` names.
    """
    known = [row["hours"] for row in rows if row["hours"] > 0]
    scale, axis = m.log_hours(known)
    bottom = scale.domain[0]
    drawn = [{"hours": bottom, "left": 1.0, "low": 1.0, "high": 1.0, "text": "1", "at": "0"}, *rows]
    x = alt.X("hours:Q", scale=scale, axis=axis, title=None)
    share = alt.Scale(domain=[0, 1], nice=False)
    y = alt.Y("left:Q", scale=share, axis=m.axis(format=".0%", tickCount=5), title=None)
    tips = [alt.Tooltip("at:N", title="After"), alt.Tooltip("left:Q", format=".0%", title="Not yet recovered")]
    base = alt.Chart().transform_calculate(tone=m.tone(tone)).encode(x=x, color=m.colour())
    band = base.mark_area(opacity=0.18, interpolate="step-after")
    line = base.mark_line(strokeWidth=2.2, interpolate="step-after")
    steps = base.transform_filter("datum.left < 1").encode(y=y, tooltip=tips)
    caught = steps.mark_point(**m.dot(FINGER) | {"opacity": 0.001}, cursor="pointer").add_params(m.picking(m.PART))
    half = (
        alt.Chart(m.of([{"half": 0.5, "tone": "grey"}]))
        .mark_rule(strokeDash=[5, 4])
        .encode(y="half:Q", color=m.colour())
    )
    shade, dots = band.encode(y=alt.Y("low:Q", scale=share), y2="high:Q"), steps.mark_point(**m.dot(16))
    layer = [half, shade, line.encode(y=y), dots, caught]
    return alt.LayerChart(layer=layer, data=m.of(drawn), height=HEIGHT)


def against(rows: list[Row], tone: Tone = "blue") -> alt.LayerChart:
    """An application a dot: how often it deploys (log) against its share of failures with a 95 % whisker.

    Rows have ``application, per_day, per, share, low, high, evidence``.
    """
    rates = [row["per_day"] for row in rows if row["per_day"]]
    domain = [min(rates, default=0.1) / 1.25, max(rates, default=10) * 1.25]
    x = alt.X("per_day:Q", scale=alt.Scale(type="log", domain=domain, nice=False), title="Deployments per day (log)",
              axis=m.axis(tickCount=6, format="~g", titleFontWeight="normal", grid=False))  # fmt: skip
    top = min(1.0, max((row["high"] for row in rows), default=1.0) * 1.05)
    share = alt.Scale(domain=[0, top], nice=False)
    named = {"application": "Application", "per": "Per day", "evidence": "Failed"}
    tips = [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]
    base = alt.Chart().transform_calculate(tone=m.tone(tone)).encode(x=x, color=m.colour(), tooltip=tips)
    y = alt.Y("share:Q", scale=share, axis=m.axis(format=".0%", tickCount=5), title=None)
    whiskers = base.mark_rule(strokeWidth=3, strokeCap="round", opacity=0.3)
    points = base.mark_point(**m.dot(60), cursor="pointer").add_params(m.picking(m.WHOSE))
    layer = [whiskers.encode(y=alt.Y("low:Q", scale=share), y2="high:Q"), points.encode(y=y)]
    return alt.LayerChart(layer=layer, data=m.of(rows), height=HEIGHT)


def classes(rows: list[Row], tone: Tone = "vermilion") -> alt.LayerChart:
    """A share a class as a dot with its 95 % whisker; rows have ``name, share, low, high, evidence, part`` in order.

    A click picks the deployments that ``part`` names.
    """
    top = min(1.0, max((row["high"] for row in rows), default=1.0) * 1.05)
    scale = alt.Scale(domain=[0, top], nice=False)
    x = alt.X("name:O", sort=None, axis=m.axis(labelAngle=0, labelOverlap=False), title=None)
    tips = [alt.Tooltip("name:N", title="Changes"), alt.Tooltip("evidence:N", title="Failed")]
    column = alt.Chart().encode(x=x, tooltip=tips)
    base = column.transform_calculate(tone=m.tone(tone)).encode(color=m.colour())
    y = alt.Y("share:Q", scale=scale, axis=m.axis(format=".0%", tickCount=5), title=None)
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4).encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    layer = [whiskers, base.mark_point(**m.dot(70)).encode(y=y), m.catching(column, m.PART)]
    return alt.LayerChart(layer=layer, data=m.of(rows), height=HEIGHT)
