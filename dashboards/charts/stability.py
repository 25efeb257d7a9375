"""Failures and recovery: survival curve, failures by deployment frequency, failures by batch size."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style
from dashboards.charts.style import APPLICATION_FIELD, CLASS_FIELD, HEIGHT, Row

CLICK_AREA = 240  # square pixels around a step in which a click selects it


def survival_curve(rows: list[Row]) -> alt.LayerChart:
    """Draw the share not yet recovered as steps with a 95 % band; rows have ``hours, left, low, high, at, part``."""
    scale, axis = style.log_hours([row["hours"] for row in rows if row["hours"] > 0])
    # The log axis has no zero: the curve starts at its lower end, where no deployment has recovered.
    start = {"hours": scale.domain[0], "left": 1.0, "low": 1.0, "high": 1.0, "text": "1", "at": "0"}
    x = alt.X("hours:Q", scale=scale, axis=axis, title=None)
    share = alt.Scale(domain=[0, 1], nice=False)
    y = style.share_y(share, "left")
    tips = [alt.Tooltip("at:N", title="After"), alt.Tooltip("left:Q", format=".0%", title="Not yet recovered")]
    base = style.with_tone(alt.Chart(), "vermilion").encode(x=x)
    band = base.mark_area(opacity=0.18, interpolate="step-after").encode(y=alt.Y("low:Q", scale=share), y2="high:Q")
    line = base.mark_line(strokeWidth=2.2, interpolate="step-after").encode(y=y)
    steps = base.transform_filter("datum.left < 1").encode(y=y, tooltip=tips)
    target = steps.mark_point(filled=True, size=CLICK_AREA, opacity=0.001, cursor="pointer")
    half = alt.Chart(style.data([{"half": 0.5, "tone": "grey"}])).mark_rule(strokeDash=[5, 4])
    layer = [half.encode(y="half:Q", color=style.color()), band, line, steps.mark_point(**style.DOT, size=16),
             target.add_params(style.click_on(CLASS_FIELD))]  # fmt: skip
    return alt.LayerChart(layer=layer, data=style.data([start, *rows]), height=HEIGHT)


def failures_by_frequency(rows: list[Row]) -> alt.LayerChart:
    """Draw one dot per application: its share of failures with a 95 % whisker over its deployments per day (log).

    Rows have ``application, per_day, per, share, low, high, evidence``, and ``label``: the name of an outlier.
    """
    rates = [row["per_day"] for row in rows if row["per_day"]]
    domain = [min(rates, default=0.1) / 1.25, max(rates, default=10) * 1.25]
    x = alt.X("per_day:Q", scale=alt.Scale(type="log", domain=domain, nice=False), title="Deployments per day (log)",
              axis=style.axis(tickCount=6, format="~g", titleFontWeight="normal", grid=False))  # fmt: skip
    tips = style.tooltips(application="Application", per="Per day", evidence="Failed")
    base, scale = style.with_tone(alt.Chart(), "blue").encode(x=x, tooltip=tips), style.share_scale(rows)
    points = base.mark_point(**style.DOT, size=60, cursor="pointer").add_params(style.click_on(APPLICATION_FIELD))
    names = style.with_tone(alt.Chart(), "grey").transform_filter("datum.label").encode(x=x, y=style.share_y(scale))
    labels = names.mark_text(align="left", dx=8, dy=-6, fontSize=11).encode(text="label:N")
    layer = [style.whiskers(base, scale), points.encode(y=style.share_y(scale)), labels]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=HEIGHT)


def failures_by_size(rows: list[Row]) -> alt.LayerChart:
    """Draw one dot per batch size, in order; rows have ``name, share, low, high, evidence, part``."""
    x = alt.X("name:O", sort=None, axis=style.axis(labelAngle=0, labelOverlap=False), title=None)
    column = alt.Chart().encode(x=x, tooltip=style.tooltips(name="Changes", evidence="Failed"))
    return style.shares_by_class(rows, column, style.with_tone(column, "vermilion"))
