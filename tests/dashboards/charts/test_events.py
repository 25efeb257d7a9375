"""Noted events on charts over time: a line each, and no title over another."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboards import charts
from dashboards.charts.events import LETTERS, event_rules
from tests.dashboards.charts.test_pages import stage
from tests.dashboards.charts.test_trends import WINDOW, data, draw_all, layers, value

EVENTS = [
    {"day": "2026-08-26", "title": "Deploy template 2"},
    {"day": "2026-09-07", "title": "Freeze"},
    {"day": "2026-09-09", "title": "Move"},
    {"day": "2020-01-01", "title": "Long ago"},
]


def week_rows(events: list[charts.Row]) -> list[charts.Row]:
    return charts.trend_rows((value(week) for week in range(8)), events=events)


def test_an_event_is_a_line_at_its_period_and_in_its_tooltip() -> None:
    """Two of one week share a line; one before the first week has none."""
    chart = charts.median_trend(week_rows(EVENTS), WINDOW)
    lines = [layer for layer in layers(chart) if layer["mark"].get("strokeDash") == [2, 3]]
    assert [(row["start"], row["event"]) for row in data(chart, lines[0])] == [
        ("2026-08-24", "Deploy template 2"),
        ("2026-09-07", "Freeze; Move"),
    ]
    tips = [tip["field"] for tip in layers(chart)[-1]["encoding"]["tooltip"]]
    assert tips[-1] == "event"
    assert {row["event"] for row in data(chart)} == {"none", "Deploy template 2", "Freeze; Move"}


def test_every_trend_has_its_events() -> None:
    """Cards, trends and the stack of stages have a line; without events they have no layer more."""
    stages = [stage("rollout", 1.0, "2026-08-24"), stage("canary", 1.0, "2026-08-24")]
    for with_them, without in (
        *zip(draw_all(week_rows(EVENTS)), draw_all(week_rows([])), strict=True),
        (charts.stage_stack(charts.with_events(stages, EVENTS)), charts.stage_stack(stages)),
    ):
        assert with_them.to_dict(validate=True)
        assert len(layers(with_them)) > len(layers(without))
        assert all("event" not in row for row in data(without))


@given(st.lists(st.tuples(st.integers(-3, 120), st.text(max_size=60)), max_size=12), st.integers(1, 60))
def test_no_title_is_over_another_or_beside_the_chart(noted: list[tuple[int, str]], weeks: int) -> None:
    """Of any events in any number of weeks, each with a line within the chart."""
    first = date(2026, 8, 17)
    rows = [{"start": f"{first + timedelta(weeks=week)}"} for week in range(weeks)]
    events = [{"day": f"{first + timedelta(days=days)}", "title": title or "t"} for days, title in noted]
    drawn = charts.with_events(rows, events)
    spans, lines = [], 0
    for layer in event_rules(drawn):
        spec = layer.to_dict()
        for row in next(iter(spec["datasets"].values())):
            place = next(index for index, other in enumerate(rows) if other["start"] == row["start"]) / weeks
            if spec["mark"]["type"] == "rule":
                lines += 1
                continue
            width = len(row["event"]) / LETTERS
            right = spec["mark"]["align"] == "right"
            spans.append((place - width, place) if right else (place, place + width))
    assert lines == len({row["start"] for row in drawn if row.get("event", "none") != "none"})
    spans.sort()
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(low >= -0.6 and high <= 1 for low, high in spans)
