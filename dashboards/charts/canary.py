"""Canary analyses: result against outcome, scores, failure rates, deciding metrics, cost, coverage."""

from __future__ import annotations

from typing import Any

import altair as alt

from dashboards.charts.style import HEIGHT, ONE, PALETTE, PART, WHOSE, Row, axis, catching, colour, dot, of, picking

Drawn = alt.Chart | alt.LayerChart
OUTCOMES = ("healthy", "failed later", "stopped", "unknown")
TONES = {"healthy": "sky", "failed later": "vermilion", "stopped": "amber", "unknown": "grey"}
SHAPES = {"healthy": "circle", "failed later": "diamond", "stopped": "triangle-down", "unknown": "cross"}
COST_TONES = {"canary": "vermilion", "other": "sky"}
DECISION_TONES = {"decided alone": "vermilion", "failed with others": "amber", "failed, canary passed": "grey"}
FAILING = "#D55E00"  # a ground on which scores fail, hardly more than a hint in either theme
ROW_HEIGHT, AROUND = 27, 112  # of a bar; of axis and legend
INK = "luminance(background) > 0.4 ? '#1B2733' : '#E6EBF0'"  # words on a tile, whatever the theme


def against(cells: list[Row]) -> Drawn:
    """Canary result against outcome as a table whose cells are as dark as their share of the result; text is the count.

    A click picks the canaries of a cell, which ``part`` names.
    """
    verdicts = list(dict.fromkeys(cell["verdict"] for cell in cells))
    base = alt.Chart(of(cells)).encode(
        x=alt.X("outcome:O", sort=list(OUTCOMES), axis=axis(orient="top", labelAngle=0), title=None),
        y=alt.Y("verdict:O", sort=verdicts, axis=axis(), title=None),
        tooltip=_tips(verdict="Canary result", outcome="Outcome", canaries="Canaries", text="Share of the result"),
    )
    tiles = base.mark_rect(cornerRadius=4, stroke=None).encode(
        color=colour(), opacity=alt.Opacity("shade:Q", scale=None, legend=None)
    )
    counts = base.mark_text(fontSize=13, color=alt.ExprRef(INK)).encode(text="text:N")
    tall = 40 * len(verdicts) + 40
    return alt.LayerChart(layer=[tiles, counts, catching(base, PART)], data=of(cells), height=tall)


def scores(points: list[Row], passes: float) -> Drawn:
    """Each score over time, by the outcome of the deployment; below the pass threshold is shaded.

    A click picks the deployment that it judged.
    """
    x = alt.X("at:T", scale=alt.Scale(type="utc", nice=False), axis=axis(grid=False, format="%-d %b"), title=None)
    y = alt.Y("score:Q", scale=alt.Scale(domain=[0, 100], nice=False), axis=axis(tickCount=5), title=None)
    ground = alt.Chart(of([{"low": 0, "high": passes}]))
    shade = ground.mark_rect(opacity=0.08, color=FAILING).encode(y="low:Q", y2="high:Q")
    marks = alt.Chart(of(points)).mark_point(filled=True, size=44, opacity=0.85, cursor="pointer")
    dots = marks.add_params(picking(ONE)).encode(
        x=x,
        y=y,
        color=_named(TONES),
        shape=_shaped(TONES, SHAPES),
        tooltip=_tips(
            application="Application", when="Analysed", score="Score", verdict="Canary result", outcome="Outcome"
        ),
    )
    return alt.LayerChart(layer=[shade, dots], height=HEIGHT + 60)


def calibration(bins: list[Row]) -> Drawn:
    """The share that failed later by score, as dots with the whiskers of their 95 % interval.

    A click picks the canaries of those scores, which ``part`` names.
    """
    scale = alt.Scale(domain=[0, min(1.0, max((one["high"] for one in bins), default=1.0) * 1.05)], nice=False)
    column = alt.Chart(of(bins)).encode(
        x=alt.X("score:O", sort=None, axis=axis(labelAngle=0, grid=False), title=None),
        tooltip=_tips(score="Score", text="Failed later", evidence="Evidence"),
    )
    base = column.encode(color=colour())
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.mark_point(**dot(60))
    y = alt.Y("share:Q", scale=scale, axis=axis(format=".0%", tickCount=5), title=None)
    return alt.LayerChart(
        layer=[
            whiskers.encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
            dots.encode(y=y),
            catching(column, PART),
        ],
        data=of(bins),
        height=HEIGHT,
    )


def deciding(parts: list[Row]) -> Drawn:
    """How often each metric failed, and whether that decided; those that never failed have no bar.

    A click picks the canaries in which it failed, which ``part`` names.
    """
    tips = {"metric": "Metric", "how": "Effect", "canaries": "Canaries"}
    return _bars(parts, "metric", _named(DECISION_TONES), "canaries", **tips).add_params(picking(PART))


def cost(parts: list[Row]) -> Drawn:
    """Mean minutes from merge to full traffic by application, and how many of them are the canary's."""
    tips = {"application": "Application", "part": "Part", "text": "Mean per change", "changes": "Changes"}
    bars = _bars(parts, "application", _named(COST_TONES), "minutes", **tips)
    return bars.add_params(picking(WHOSE))


def coverage(rows: list[Row]) -> Drawn:
    """The share of production deployments that a canary judged, by application, with 95 % intervals."""
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y(
        "application:N",
        sort=None,
        axis=axis(grid=False, labelLimit=140, labelOverlap=False, labelPadding=14),
        title=None,
    )
    base = alt.Chart(of(rows)).encode(
        y=y, color=colour(), tooltip=_tips(application="Application", text="With a canary", evidence="Deployments")
    )
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.mark_point(**dot(60), cursor="pointer").add_params(picking(WHOSE))
    x = alt.X("share:Q", scale=scale, axis=axis(format=".0%", tickCount=5), title=None)
    return alt.LayerChart(
        layer=[whiskers.encode(x=alt.X("low:Q", scale=scale), x2="high:Q"), dots.encode(x=x)],
        data=of(rows),
        height=_tall(rows, "application"),
    )


def _bars(rows: list[Row], name: str, colour: Any, amount: str, **tips: str) -> Drawn:
    drawn: alt.Chart = (
        alt.Chart(of(rows), height=_tall(rows, name))
        .mark_bar(height={"band": 0.7}, cursor="pointer")
        .encode(
            x=alt.X(f"{amount}:Q", axis=axis(tickCount=5, tickMinStep=1), title=None),
            y=alt.Y(f"{name}:N", sort=None, axis=axis(grid=False, labelLimit=140, labelOverlap=False), title=None),
            color=colour,
            order=alt.Order("order:Q"),
            tooltip=_tips(**tips),
        )
    )
    return drawn


def _tall(rows: list[Row], name: str) -> int:
    return AROUND + ROW_HEIGHT * len({row[name] for row in rows})


def _named(words: dict[str, str]) -> alt.Color:
    """The tone of each word, which the legend says; by its place in the palette, as in every chart."""
    return alt.Color("tone:N", scale=alt.Scale(domain=PALETTE), legend=_legend(words))


def _shaped(words: dict[str, str], shapes: dict[str, str]) -> alt.Shape:
    """The shape of each word, in one legend with its tone."""
    known = {tone: shapes[word] for word, tone in words.items()}
    scale = alt.Scale(domain=PALETTE, range=[known.get(tone, "circle") for tone in PALETTE])
    return alt.Shape("tone:N", scale=scale, legend=_legend(words))


def _legend(words: dict[str, str]) -> alt.Legend:
    said = " : ".join(f"datum.value === '{tone}' ? '{word}'" for word, tone in words.items())
    return alt.Legend(
        orient="top",
        title=None,
        symbolOpacity=1,
        columns=2,
        values=list(words.values()),
        labelExpr=f"{said} : ''",
    )


def _tips(**named: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]
