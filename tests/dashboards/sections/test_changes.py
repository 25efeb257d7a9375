"""Significant changes and trend alerts of the overview."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

import dora
from tests.dashboards.page_text import page_text, table

Run = Callable[..., AppTest]


def test_significant_changes_list_what_got_worse_first(run: Run, organisation: Path) -> None:
    """Every row is better or worse, worse ones come first, and an empty list is one sentence."""
    page = run(organisation, window="all", compare="before a date")
    assessments = list(table(page, "assessment").get("assessment", []))
    assert assessments == sorted(assessments, reverse=True)
    assert set(assessments) <= {"worse", "better"}
    assert ("is significant" in page_text(page)) == (not assessments)


def test_without_a_comparison_there_is_no_list_of_changes(run: Run, organisation: Path) -> None:
    """Neither without a previous period nor against another team."""
    for address in ({"compare": "nothing"}, {"team": "money", "compare": "another team", "other": "finding"}):
        page = run(organisation, **address)
        assert table(page, "assessment").empty
        assert "Significant changes" not in [heading.value for heading in page.subheader]


def test_trend_alerts_are_the_strong_ones_of_the_window(run: Run, organisation: Path) -> None:
    """The page lists what ``Delivery.signals`` finds in the window, latest week first, without weak alerts."""
    delivery = dora.open(organisation)
    start = delivery.about()["as_of"] - timedelta(days=180)
    strong_weeks = sorted(
        (
            series.weeks[alert.last].period
            for name in dora.Delivery.key_metrics
            for series in delivery.signals(name, dora.Scope(since="180d", by="team"))
            for alert in series.alerts
            if not alert.weak
        ),
        reverse=True,
    )
    alerts = table(run(organisation, window="180d"), "alert")
    assert list(alerts.get("week", [])) == [f"{week:%-d %b %Y}" for week in strong_weeks][:8]
    assert all(week >= start - timedelta(days=7) for week in strong_weeks)
