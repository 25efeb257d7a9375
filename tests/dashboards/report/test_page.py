"""The report says what the door says, compares like with like, and does without pictures where none can be drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

import dora
from dashboards.report import chart_images
from dashboards.report.page import KEYS, Report
from dora.cli.dashboard import report
from dora.errors import DoraError


@pytest.fixture(scope="module")
def told(organisation: Path) -> Iterator[Report]:
    delivery = dora.open(organisation)
    yield Report(delivery, dora.Scope(since="90d"))
    delivery.close()


def test_the_keys_are_the_doors(told: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key number stands on the page with its evidence; every rollback and open change is told."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    html = unescape(told.page().html())
    for name in KEYS:
        (value,) = told.delivery.metric(name, since="90d")
        assert value.text in html
        assert value.evidence in html
    for sentence in (*told.rollbacks.sentences, *told.delivery.canaries(told.scope).sentences):
        assert sentence in html
    waiting = sum(row["state"] == "open" for row in told.delivery.list_rows("change_timeline"))
    assert f"{waiting:,} change" in html


def test_the_window_before_is_as_long_and_meets_it(told: Report) -> None:
    """90 days to the instant where this one begins; none where history is shorter, or no window was asked for."""
    assert told.before is not None
    (mine,) = told.delivery.metric("deployment_frequency", since="180d", until="90d")
    (its,) = told.delivery.values("deployment_frequency", told.before)
    assert (its.n, its.value) == (mine.n, mine.value)
    assert Report(told.delivery, dora.Scope(since="300d")).before is None
    assert Report(told.delivery, dora.Scope()).before is None


def test_what_moved_is_judged_as_on_the_pages(told: Report) -> None:
    """Every key of all and of each team that can be compared, with the verdict of the same comparison."""
    changes = {(change.now.metric, change.now.group): change for change in told.changes}
    assert told.before is not None
    for name in KEYS:
        now = told.delivery.values(name, told.scope).rows[0]
        move = now.compare_to(told.delivery.values(name, told.before).rows[0])
        change = changes.get((name, None))
        assert (change is None) == (move is None)
        if change and move:
            assert (change.move, change.now) == (move, now)
            assert (change.verdict == "not significant") == (not move.significant)
            assert move.significant or not change.significant
    assert {group for _, group in changes} > {None, "money", "finding"}
    narrow = Report(told.delivery, replace(told.scope, teams=("money",)))
    assert {change.now.group for change in narrow.changes} <= {None, "ledger", "payout"}
    assert Report(told.delivery, dora.Scope()).changes == []


def test_signals_are_the_doors_of_this_window(told: Report) -> None:
    """Each is one that ``dora signals`` names for the window, and none is that chance gives now and then."""
    weeks = {
        (dora.metrics()[name].title, f"{series.weeks[found.last].period:%-d %b %Y}", found.text)
        for name in KEYS
        for series in told.delivery.signals(name, dora.Scope(since="360d"))
        for found in series.alerts
        if not found.weak
    }
    year = Report(told.delivery, dora.Scope(since="360d"))
    assert {(row["what"], row["week from"], row["shows"]) for row in year.signals()} == weeks
    assert len(weeks) > len(list(Report(told.delivery, dora.Scope(since="20d")).signals()))
    assert told.warnings() == [
        row.warning for name in KEYS for row in told.delivery.compare(name, told.scope) if row.warning
    ]


def test_definitions_are_those_of_whom_it_is_about(told: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A team's report counts the team's applications."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    page = Report(told.delivery, replace(told.scope, teams=("money",))).page().html()
    assert page.startswith("<!doctype html>")
    assert "<title>Delivery of money</title>" in page
    row = page.partition("failure_window_hours</td>")[2]
    assert row.startswith('<td class="short">24.0</td><td class="number">2</td>')


def test_without_the_extra_it_has_no_pictures_and_says_so(
    organisation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the page is as it would be."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    (tmp_path / "dora.toml").write_text(f"data = '{organisation.parent}'\n")
    report(config=tmp_path / "dora.toml", out=tmp_path / "report.html", charts=tmp_path / "charts")
    page = (tmp_path / "report.html").read_text()
    assert "<img" not in page
    assert "Awaiting deployment" in page
    assert "pip install 'delivery-metrics[report]'" in capsys.readouterr().err
    assert not (tmp_path / "charts").exists()


def test_pictures_that_can_not_be_written(told: Report, tmp_path: Path) -> None:
    """A file where the folder should be is named in one line."""
    (tmp_path / "charts").write_text("")
    with pytest.raises(DoraError, match="can not be written"):
        list(chart_images.write(told.pictures(), tmp_path / "charts"))
