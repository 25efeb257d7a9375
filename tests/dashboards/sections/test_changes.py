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
    assessments = list(table(page, "change").get("assessment", []))
    assert assessments == sorted(assessments, reverse=True)
    assert set(assessments) <= {"worse", "better"}
    assert ("is significant" in page_text(page)) == (not assessments)


def test_without_a_comparison_there_is_no_list_of_changes(run: Run, organisation: Path) -> None:
    """Neither without a previous period nor against another team."""
    for address in ({"compare": "nothing"}, {"team": "money", "compare": "another team", "other": "finding"}):
        page = run(organisation, **address)
        assert table(page, "change").empty
        assert "Significant changes" not in [heading.value for heading in page.header]


def test_trend_alerts_are_those_that_matter_in_the_window(run: Run, organisation: Path) -> None:
    """The page lists what ``Delivery.signals`` finds in the window and what matters of it."""
    delivery = dora.open(organisation)
    start = delivery.about()["as_of"] - timedelta(days=180)
    strong = [
        (series.weeks[alert.last].period, series.describe(alert))
        for name in dora.Delivery.key_metrics
        for by in (None, "team")
        for series in delivery.signals(name, dora.Scope(since="180d", by=by))
        for alert in series.alerts
        if alert.matters
    ]
    strong.sort(key=lambda pair: pair[0], reverse=True)
    alerts = table(run(organisation, window="180d"), "alert")
    columns = ["from week", "usual", "now", "weeks", "assessment", "alert"]
    assert alerts[columns].values.tolist() == [[line[name] for name in columns] for _, line in strong][:8]
    assert all(week >= start - timedelta(days=7) for week, _ in strong)


def test_the_control_chart_of_an_alert_opens_by_its_address(run: Run, organisation: Path) -> None:
    """The address names metric, first week and group; a name of no alert opens nothing."""
    page = run(organisation, window="180d")
    assert not [button for button in page.button if button.key == "close alert"]
    delivery = dora.open(organisation)
    series, alert = next(
        (series, alert)
        for name in dora.Delivery.key_metrics
        for series in delivery.signals(name, dora.Scope(since="180d", by="team"))
        for alert in series.alerts
        if alert.matters
    )
    line = series.describe(alert)
    page = run(organisation, window="180d", alert=f"{series.metric} {line['from week']} {series.group}")
    assert f"{line['usual']} → {line['now']}, {line['assessment']}" in " ".join(text.value for text in page.markdown)
    page.button(key="close alert").click().run()
    assert "alert" not in page.query_params
