"""Canary analyses: results by outcome, scores, failure rates, deciding metrics, lead-time costs, coverage."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from dashboards.charts import style
from dashboards.charts.events import event_rules_in_time
from dashboards.charts.style import APPLICATION_FIELD, CLASS_FIELD, DEPLOYMENT_FIELD, HEIGHT, PALETTE, Row

OUTCOMES = ("healthy", "failed later", "stopped", "unknown")
TONES = {"healthy": "sky", "failed later": "vermilion", "stopped": "amber", "unknown": "grey"}
# Shapes besides tones, for readers who can not tell the tones apart.
SHAPES = {"healthy": "circle", "failed later": "diamond", "stopped": "triangle-down", "unknown": "cross"}
COST_TONES = {"canary": "vermilion", "other": "sky"}
DECISION_TONES = {
    "decided alone": "vermilion", "failed with others": "amber", "failed, canary passed": "grey",
    "failed, weights unknown": "sky",
}  # fmt: skip
FAILING_COLOR = "#D55E00"  # behind failing scores, so pale that it suits either theme
INK = "luminance(background) > 0.4 ? '#1B2733' : '#E6EBF0'"  # text on a tile, in either theme


def results_by_outcome(rows: list[Row]) -> alt.LayerChart:
    """Draw a table of canary results and outcomes, each cell as dark as its share of the result.

    Rows have ``verdict, outcome, canaries, text, shade, tone, part``.
    """
    verdicts = list(dict.fromkeys(row["verdict"] for row in rows))
    base = alt.Chart().encode(
        x=alt.X("outcome:O", sort=list(OUTCOMES), axis=style.axis(orient="top", labelAngle=0), title=None),
        y=alt.Y("verdict:O", sort=verdicts, axis=style.axis(), title=None),
        tooltip=style.tooltips(
            verdict="Canary result", outcome="Outcome", canaries="Canaries", text="Share of the result"
        ),
    )
    shade = alt.Opacity("shade:Q", scale=None, legend=None)
    tiles = base.mark_rect(cornerRadius=4, stroke=None).encode(color=style.color(), opacity=shade)
    counts = base.mark_text(fontSize=13, color=alt.ExprRef(INK)).encode(text="text:N")
    layer = [tiles, counts, style.click_target(base, CLASS_FIELD)]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=40 * len(verdicts) + 40)


def scores(rows: list[Row], threshold: float, events: Sequence[Row] = ()) -> alt.LayerChart:
    """Draw each score over time by the outcome of its deployment; the area below the pass threshold is shaded.

    Rows have ``at, score, outcome, tone, verdict, application, when, deployment``; ``events`` are noted ones.
    """
    highest = max([100, *(row["score"] for row in rows)])  # weights may sum to more than 100
    failing = alt.Chart(style.data([{"low": 0, "high": threshold}])).mark_rect(opacity=0.08, color=FAILING_COLOR)
    # A range of shapes pairs with the domain by position, so that tones and shapes share one legend.
    shapes = {TONES[outcome]: shape for outcome, shape in SHAPES.items()}
    shape_scale = alt.Scale(domain=PALETTE, range=[shapes.get(tone, "circle") for tone in PALETTE])
    legend = style.tone_legend(TONES, columns=2, symbolOpacity=1)
    x = alt.X("at:T", scale=alt.Scale(type="utc", nice=False), title=None,
              axis=style.axis(grid=False, format="%-d %b"))  # fmt: skip
    rules = event_rules_in_time(events, x, min(row["at"] for row in rows), max(row["at"] for row in rows))
    dots = alt.Chart(style.data(rows)).mark_point(filled=True, size=44, opacity=0.85, cursor="pointer").encode(
        x=x,
        y=alt.Y("score:Q", scale=alt.Scale(domain=[0, highest], nice=False), axis=style.axis(tickCount=5), title=None),
        color=style.color(legend), shape=alt.Shape("tone:N", scale=shape_scale, legend=legend),
        tooltip=style.tooltips(application="Application", when="Analysed", score="Score", verdict="Canary result",
                               outcome="Outcome"),
    )  # fmt: skip
    layer = [failing.encode(y="low:Q", y2="high:Q"), dots.add_params(style.click_on(DEPLOYMENT_FIELD)), *rules]
    return alt.LayerChart(layer=layer, height=HEIGHT + 60)


def failure_rates(rows: list[Row]) -> alt.LayerChart:
    """Draw the share that failed later by score; rows have ``score, share, low, high, text, evidence, tone, part``."""
    column = alt.Chart().encode(
        x=alt.X("score:O", sort=None, axis=style.axis(labelAngle=0, grid=False), title=None),
        tooltip=style.tooltips(score="Score", text="Failed later", evidence="Evidence"),
    )
    return style.shares_by_class(rows, column, column.encode(color=style.color()))


def deciding_metrics(rows: list[Row]) -> alt.Chart:
    """Draw how often each metric failed and decided, stacked; a metric that never failed has a name and no bar.

    Rows have ``metric, how, canaries, order, tone, part``.
    """
    tips = {"metric": "Metric", "how": "Effect", "canaries": "Canaries"}
    return _stacked_bars(rows, "metric", "canaries", DECISION_TONES, tips).add_params(style.click_on(CLASS_FIELD))


def lead_time_costs(rows: list[Row]) -> alt.Chart:
    """Draw mean minutes from merge to full traffic by application, the canary's apart.

    Rows have ``application, part, minutes, text, changes, order, tone``.
    """
    tips = {"application": "Application", "part": "Part", "text": "Mean per change", "changes": "Changes"}
    return _stacked_bars(rows, "application", "minutes", COST_TONES, tips).add_params(style.click_on(APPLICATION_FIELD))


def coverage(rows: list[Row]) -> alt.LayerChart:
    """Draw the share of production deployments with a canary by application, with 95 % whiskers.

    Rows have ``application, share, low, high, text, evidence, tone``.
    """
    scale = alt.Scale(domain=[0, 1])
    tips = style.tooltips(application="Application", text="With a canary", evidence="Deployments")
    base = alt.Chart().encode(y=style.name_axis("application", labelPadding=14), color=style.color(), tooltip=tips)
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.mark_point(**style.DOT, size=60, cursor="pointer").add_params(style.click_on(APPLICATION_FIELD))
    x = alt.X("share:Q", scale=scale, axis=style.axis(format=".0%", tickCount=5), title=None)
    layer = [whiskers.encode(x=alt.X("low:Q", scale=scale), x2="high:Q"), dots.encode(x=x)]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=style.height_of(rows, "application"))


def _stacked_bars(rows: list[Row], name: str, amount: str, tones: dict[str, str], tips: dict[str, str]) -> alt.Chart:
    legend = style.tone_legend(tones, columns=2, symbolOpacity=1)
    bars = alt.Chart(style.data(rows), height=style.height_of(rows, name)).mark_bar(
        height={"band": 0.7}, cursor="pointer"
    )
    chart: alt.Chart = bars.encode(
        x=alt.X(f"{amount}:Q", axis=style.axis(tickCount=5, tickMinStep=1), title=None),
        y=style.name_axis(name),
        color=style.color(legend),
        order=alt.Order("order:Q"),
        tooltip=style.tooltips(**tips),
    )
    return chart
