"""What canaries are worth, as charts. Pure: rows in, a specification out, in the style of ``charts``."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt

from dashboards.charts import HEIGHT, PALETTE

Row = dict[str, Any]
Drawn = alt.Chart | alt.LayerChart
FATES = ("fine", "failed later", "stopped", "not known")
TONES = {"fine": "sky", "failed later": "vermilion", "stopped": "amber", "not known": "grey"}
SHAPES = {"fine": "circle", "failed later": "diamond", "stopped": "triangle-down", "not known": "cross"}
SAYS = {"decided": "decided alone", "together": "failed with others", "outvoted": "failed, canary passed"}
SAY_TONES = {"decided alone": "vermilion", "failed with others": "amber", "failed, canary passed": "grey"}
ROW_HEIGHT, MOST = 26, 600
WIDEST = 15


def against(cells: list[Row]) -> Drawn:
    """Verdict against fate as a table whose cells are as dark as their share of the verdict; text is the count."""
    verdicts = list(dict.fromkeys(cell["verdict"] for cell in cells))
    base = alt.Chart(alt.InlineData(values=cells), height=44 * len(verdicts)).encode(
        x=alt.X("fate:O", sort=list(FATES), axis=_axis(orient="top", labelAngle=0), title=None),
        y=alt.Y("verdict:O", sort=verdicts, axis=_axis(), title=None),
        tooltip=_tips(verdict="Verdict", fate="Deployment", canaries="Canaries", text="Of the verdict"),
    )
    tiles = base.mark_rect(cornerRadius=4, stroke=None).encode(
        color=_colour("tone", None), opacity=alt.Opacity("shade:Q", scale=None, legend=None)
    )
    counts = base.mark_text(fontSize=13).encode(text="text:N")
    return alt.LayerChart(layer=[tiles, counts], data=alt.InlineData(values=cells))


def scores(points: list[Row], passes: float) -> Drawn:
    """Each score when it was given, by what became of the deployment; below the pass mark is shaded."""
    x = alt.X("at:T", scale=alt.Scale(type="utc", nice=False), axis=_axis(grid=False, format="%-d %b"), title=None)
    y = alt.Y("score:Q", scale=alt.Scale(domain=[0, 100], nice=False), axis=_axis(tickCount=5), title=None)
    ground = alt.Chart(alt.InlineData(values=[{"low": 0, "high": passes, "tone": "vermilion"}]))
    shade = ground.mark_rect(opacity=0.08).encode(y="low:Q", y2="high:Q", color=_colour("tone", None))
    marks = alt.Chart(alt.InlineData(values=points)).mark_point(filled=True, size=44, opacity=0.85)
    dots = marks.encode(
        x=x,
        y=y,
        color=_by(TONES, "fate", "color"),
        shape=_by(SHAPES, "fate", "shape"),
        tooltip=_tips(application="Application", when="Judged", score="Score", verdict="Verdict", fate="Deployment"),
    )
    return alt.LayerChart(layer=[shade, dots], height=HEIGHT)


def calibration(bins: list[Row]) -> Drawn:
    """The share that failed later by score, as dots with the whiskers of their 95 % interval."""
    scale = alt.Scale(domain=[0, min(1.0, max((one["high"] for one in bins), default=1.0) * 1.05)], nice=False)
    base = alt.Chart(alt.InlineData(values=bins), height=HEIGHT).encode(
        x=alt.X("score:O", sort=None, axis=_axis(labelAngle=0, grid=False), title=None),
        color=_colour("tone", None),
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
    return _bars(
        parts, "metric", _by(SAY_TONES, "how", "color"), "canaries", metric="Metric", how="It", canaries="Canaries"
    )


def cost(parts: list[Row]) -> Drawn:
    """Mean minutes from merge to full traffic by application, and how many of them are the canary's."""
    tones = {"canary": "vermilion", "all else": "sky"}
    return _bars(parts, "application", _by(tones, "part", "color"), "minutes", application="Application", part="For",
                 text="Mean of a change", changes="Changes")  # fmt: skip


def coverage(rows: list[Row]) -> Drawn:
    """The share of production deployments that a canary judged, by application, with 95 % intervals."""
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("application:N", sort=None, axis=_axis(grid=False, labelLimit=140), title=None)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=y, color=_colour("tone", None), tooltip=_tips(application="Application", text="With a canary", evidence="Of")
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
            y=alt.Y(f"{name}:N", sort=None, axis=_axis(grid=False, labelLimit=140), title=None),
            color=colour,
            order=alt.Order("order:Q"),
            tooltip=_tips(**tips),
        )
    )
    return drawn


def _tall(rows: list[Row], name: str) -> int:
    return max(2 * ROW_HEIGHT, ROW_HEIGHT * len({row[name] for row in rows}))


def _by(values: dict[str, str], field: str, channel: Literal["color", "shape"]) -> Any:
    """A named colour of the theme's palette, or a shape, for each word; the legend names them."""
    legend = alt.Legend(orient="top", title=None, symbolOpacity=1, columns=2)
    if channel == "shape":
        return alt.Shape(f"{field}:N", scale=alt.Scale(domain=list(values), range=list(values.values())), legend=legend)
    tone = " : ".join(f"datum.{field} === '{word}' ? '{tone}'" for word, tone in values.items())
    return (
        alt.Color(f"{field}:N", scale=alt.Scale(domain=_padded(values)), legend=legend_of(values, legend))
        if tone
        else None
    )


def _padded(values: dict[str, str]) -> list[str]:
    """Words at the places of their colours in the palette, so that the theme gives each its own."""
    places = {tone: word for word, tone in values.items()}
    return [places.get(tone, f" {tone}") for tone in PALETTE]


def legend_of(values: dict[str, str], legend: alt.Legend) -> alt.Legend:
    """The same legend with only the words that mean something."""
    legend.values = list(values)
    return legend


def _colour(field: str, legend: None) -> alt.Color:
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=PALETTE), legend=legend)


def _axis(**given: Any) -> alt.Axis:
    return alt.Axis(domain=False, ticks=False, labelPadding=6, **given)


def _tips(**named: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]
