"""What canaries are worth, as charts. Pure: rows in, a specification out, in the style of ``charts``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import altair as alt

from dashboards.charts import HEIGHT, PALETTE

Row = dict[str, Any]
Drawn = alt.Chart | alt.LayerChart
FATES = ("fine", "failed later", "stopped", "not known")
TONES = {"fine": "sky", "failed later": "vermilion", "stopped": "amber", "not known": "grey"}
SHAPES = {"fine": "circle", "failed later": "diamond", "stopped": "triangle-down", "not known": "cross"}
SAY_TONES = {"decided alone": "vermilion", "failed with others": "amber", "failed, canary passed": "grey"}
FAILING = "#D55E00"  # a ground on which scores fail, hardly more than a hint in either theme
ROW_HEIGHT, AROUND = 27, 80  # of a bar; of axis and legend
INK = "luminance(background) > 0.4 ? '#1B2733' : '#E6EBF0'"  # words on a tile, whatever the theme


def against(cells: list[Row]) -> Drawn:
    """Verdict against fate as a table whose cells are as dark as their share of the verdict; text is the count."""
    verdicts = list(dict.fromkeys(cell["verdict"] for cell in cells))
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X("fate:O", sort=list(FATES), axis=_axis(orient="top", labelAngle=0), title=None),
        y=alt.Y("verdict:O", sort=verdicts, axis=_axis(), title=None),
        tooltip=_tips(verdict="Verdict", fate="Deployment", canaries="Canaries", text="Of the verdict"),
    )
    tiles = base.mark_rect(cornerRadius=4, stroke=None).encode(
        color=_colour(), opacity=alt.Opacity("shade:Q", scale=None, legend=None)
    )
    counts = base.mark_text(fontSize=13, color=alt.ExprRef(INK)).encode(text="text:N")
    tall = 40 * len(verdicts) + 40
    return alt.LayerChart(layer=[tiles, counts], data=alt.InlineData(values=cells), height=tall)


def scores(points: list[Row], passes: float) -> Drawn:
    """Each score when it was given, by what became of the deployment; below the pass mark is shaded."""
    x = alt.X("at:T", scale=alt.Scale(type="utc", nice=False), axis=_axis(grid=False, format="%-d %b"), title=None)
    y = alt.Y("score:Q", scale=alt.Scale(domain=[0, 100], nice=False), axis=_axis(tickCount=5), title=None)
    ground = alt.Chart(alt.InlineData(values=[{"low": 0, "high": passes}]))
    shade = ground.mark_rect(opacity=0.08, color=FAILING).encode(y="low:Q", y2="high:Q")
    marks = alt.Chart(alt.InlineData(values=points)).mark_point(filled=True, size=44, opacity=0.85)
    dots = marks.encode(
        x=x,
        y=y,
        color=_named("fate", TONES),
        shape=_shaped("fate", TONES, SHAPES),
        tooltip=_tips(application="Application", when="Judged", score="Score", verdict="Verdict", fate="Deployment"),
    )
    return alt.LayerChart(layer=[shade, dots], height=HEIGHT + 60)


def calibration(bins: list[Row]) -> Drawn:
    """The share that failed later by score, as dots with the whiskers of their 95 % interval."""
    scale = alt.Scale(domain=[0, min(1.0, max((one["high"] for one in bins), default=1.0) * 1.05)], nice=False)
    base = alt.Chart(alt.InlineData(values=bins), height=HEIGHT).encode(
        x=alt.X("score:O", sort=None, axis=_axis(labelAngle=0, grid=False), title=None),
        color=_colour(),
        tooltip=_tips(score="Score", text="Failed later", evidence="Evidence"),
    )
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.mark_point(filled=True, size=60, opacity=1)
    y = alt.Y("share:Q", scale=scale, axis=_axis(format=".0%", tickCount=5), title=None)
    return alt.LayerChart(
        layer=[whiskers.encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"), dots.encode(y=y)],
        data=alt.InlineData(values=bins),
        height=HEIGHT,
    )


def deciding(parts: list[Row]) -> Drawn:
    """How often each metric failed, and whether that decided; those that never failed have no bar."""
    tips = {"metric": "Metric", "how": "It", "canaries": "Canaries"}
    return _bars(parts, "metric", _named("how", SAY_TONES), "canaries", **tips)


def cost(parts: list[Row]) -> Drawn:
    """Mean minutes from merge to full traffic by application, and how many of them are the canary's."""
    tips = {"application": "Application", "part": "For", "text": "Mean of a change", "changes": "Changes"}
    return _bars(parts, "application", _named("part", {"canary": "vermilion", "all else": "sky"}), "minutes", **tips)


def coverage(rows: list[Row]) -> Drawn:
    """The share of production deployments that a canary judged, by application, with 95 % intervals."""
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("application:N", sort=None, axis=_axis(grid=False, labelLimit=140, labelOverlap=False), title=None)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=y, color=_colour(), tooltip=_tips(application="Application", text="With a canary", evidence="Of")
    )
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.mark_point(filled=True, size=60, opacity=1)
    x = alt.X("share:Q", scale=scale, axis=_axis(format=".0%", tickCount=5), title=None)
    return alt.LayerChart(
        layer=[whiskers.encode(x=alt.X("low:Q", scale=scale), x2="high:Q"), dots.encode(x=x)],
        data=alt.InlineData(values=rows),
        height=_tall(rows, "application"),
    )


def _bars(rows: list[Row], name: str, colour: Any, amount: str, **tips: str) -> Drawn:
    drawn: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows), height=_tall(rows, name))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X(f"{amount}:Q", axis=_axis(tickCount=5, tickMinStep=1), title=None),
            y=alt.Y(f"{name}:N", sort=None, axis=_axis(grid=False, labelLimit=140, labelOverlap=False), title=None),
            color=colour,
            order=alt.Order("order:Q"),
            tooltip=_tips(**tips),
        )
    )
    return drawn


def _tall(rows: list[Row], name: str) -> int:
    return AROUND + ROW_HEIGHT * len({row[name] for row in rows})


def _named(field: str, tones: dict[str, str]) -> alt.Color:
    """The theme's colour of each word; the legend names them."""
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=_placed(tones)), legend=_legend(tones))


def _shaped(field: str, tones: dict[str, str], shapes: dict[str, str]) -> alt.Shape:
    """The shape of each word; one legend with that of its colour."""
    words = _placed(tones)
    scale = alt.Scale(domain=words, range=[shapes.get(word, "circle") for word in words])
    return alt.Shape(f"{field}:N", scale=scale, legend=_legend(tones))


def _placed(tones: dict[str, str]) -> list[str]:
    """Words at the places of their tones in the palette, so that the theme gives each its own colour."""
    words = {tone: word for word, tone in tones.items()}
    return [words.get(tone, f"({tone})") for tone in PALETTE]


def _legend(words: Iterable[str]) -> alt.Legend:
    return alt.Legend(orient="top", title=None, symbolOpacity=1, columns=2, values=list(words))


def _colour() -> alt.Color:
    return alt.Color("tone:N", scale=alt.Scale(domain=PALETTE), legend=None)


def _axis(**given: Any) -> alt.Axis:
    return alt.Axis(domain=False, ticks=False, labelPadding=6, **given)


def _tips(**named: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]
