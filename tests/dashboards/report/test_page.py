"""The report has the numbers of the public API, compares periods of equal length, and works without images."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

import dora
from dashboards.report import chart_images
from dashboards.report.page import Report
from dora.cli.dashboard import report as write_report
from dora.errors import DoraError


@pytest.fixture(scope="module")
def report(organisation: Path) -> Iterator[Report]:
    delivery = dora.open(organisation)
    yield Report(delivery, dora.Scope(since="90d"))
    delivery.close()


def test_key_metrics_are_those_of_the_api(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has each key metric with its evidence, every sentence about rollbacks and canaries, and the number of
    changes awaiting deployment."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    html = unescape(report.page().html())
    for name in dora.Delivery.key_metrics:
        (value,) = report.delivery.metric(name, since="90d")
        assert value.text in html
        assert value.evidence in html
    for sentence in (*report.rollbacks.sentences, *report.delivery.canaries(report.scope).sentences):
        assert sentence in html
    pending = sum(row["state"] == "open" for row in report.delivery.list_rows("change_timeline"))
    assert f"{pending:,} change" in html


def test_the_brief_is_on_top_and_failures_are_listed(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentences and teams are those of the public API, and each failed deployment counts once, latest first."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    html = unescape(report.page().html())
    brief = report.delivery.brief(report.scope)
    places = [html.index(text) for text in (brief.summary, "By team", "Key metrics", "Failed deployments")]
    assert places == sorted(places)
    assert all(sentence.text in html for sentence in brief.sentences)
    assert all(cell in html for line in brief.scorecard.lines() for cell in line.values())
    (rate,) = report.delivery.metric("change_failure_rate", since="90d")
    failures = round((rate.value or 0) * rate.n)
    assert f"{failures} failed deployments, latest first." in html
    assert html.count("not yet") + html.count("</tr>") > min(failures, 20)


def test_the_previous_period_is_as_long_and_ends_where_the_window_starts(report: Report) -> None:
    """It is null if history does not cover it, and without a window."""
    assert report.previous_scope is not None
    (expected,) = report.delivery.metric("deployment_frequency", since="180d", until="90d")
    (value,) = report.delivery.values("deployment_frequency", report.previous_scope)
    assert (value.n, value.value) == (expected.n, expected.value)
    assert Report(report.delivery, dora.Scope(since="300d")).previous_scope is None
    assert Report(report.delivery, dora.Scope()).previous_scope is None


def test_changes_are_those_of_the_pages(report: Report) -> None:
    """Every key metric that can be compared, in total and by team, has the verdict of the same comparison."""
    changes = {(change.now.metric, change.now.group): change for change in report.changes}
    assert report.previous_scope is not None
    for name in dora.Delivery.key_metrics:
        now = report.value(name)
        move = now.compare_to(report.delivery.values(name, report.previous_scope).rows[0])
        change = changes.get((name, None))
        assert (change is None) == (move is None)
        if change and move:
            assert (change.move, change.now) == (move, now)
            (judged,) = report.delivery.judge_changes(name, report.scope, report.previous_scope)
            assert change.verdict == judged.verdict
            assert move.significant or not change.significant
    assert {group for _, group in changes} > {None, "money", "finding"}
    filtered = Report(report.delivery, replace(report.scope, teams=("money",)))
    assert {change.now.group for change in filtered.changes} <= {None, "ledger", "payout"}
    assert Report(report.delivery, dora.Scope()).changes == []


def test_trend_alerts_are_the_strong_ones_of_the_window(report: Report) -> None:
    """Alerts and warnings are those of the API; a shorter window has fewer alerts."""
    expected = {
        tuple(series.describe(alert).items())
        for name in dora.Delivery.key_metrics
        for series in report.delivery.signals(name, dora.Scope(since="360d"))
        for alert in series.alerts
        if alert.matters
    }
    year = Report(report.delivery, dora.Scope(since="360d"))
    assert {tuple(row.items()) for row in year.trend_alerts()} == expected
    assert len(expected) > len(list(Report(report.delivery, dora.Scope(since="20d")).trend_alerts()))
    assert report.warnings() == [
        row.warning
        for name in dora.Delivery.key_metrics
        for row in report.delivery.compare(name, report.scope)
        if row.warning
    ]


def test_definitions_are_those_of_the_scope(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report of a team counts the team's applications."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    html = Report(report.delivery, replace(report.scope, teams=("money",))).page().html()
    assert html.startswith("<!doctype html>")
    assert "<title>Delivery of money</title>" in html
    row = html.partition("failure_window_hours</td>")[2]
    assert row.startswith('<td>24</td><td class="number">2</td>')


def test_without_the_extra_the_report_has_no_charts(
    organisation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the page is written, and the command says what to install."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    (tmp_path / "dora.toml").write_text(f"data = '{organisation.parent}'\n")
    write_report(config=tmp_path / "dora.toml", out=tmp_path / "report.html", charts=tmp_path / "charts")
    html = (tmp_path / "report.html").read_text()
    assert "<img" not in html
    assert "Awaiting deployment" in html
    assert "py3-none-any.whl[report]' with the file of the wheel" in capsys.readouterr().err
    assert not (tmp_path / "charts").exists()


def test_a_folder_that_can_not_be_written_is_an_error(report: Report, tmp_path: Path) -> None:
    """The message names the folder, here a file."""
    (tmp_path / "charts").write_text("")
    with pytest.raises(DoraError, match="can not be written"):
        list(chart_images.write(report.trend_charts(), tmp_path / "charts"))
