"""One truth on every screen: card, box, table, chart marks, report and command have the same numbers."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import dora
from dashboards import charts
from dashboards.components import deployment_list
from dashboards.queries import builds, cache, deployment_lists, selection
from dashboards.queries.deployment_lists import Listing
from dashboards.queries.selection import CUSTOM, WINDOWS, Selection
from dashboards.queries.view import View
from dashboards.report.page import Report
from dora import Delivery
from dora.cli.app import app

SCOPES = 200
COMMANDS, STEPS = 5, 3  # one of so many scopes is also compared where that takes longer
JUDGED = 20  # scopes whose verdicts are compared
DAYS = 120
TEAMS = {"ledger": "money", "payout": "money", "search": "finding"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, midnight: datetime) -> Path:
    """Three applications over 120 days that end at noon, so that days are cut too."""
    from tests.dashboards.conftest import build_organisation

    folder = tmp_path_factory.mktemp("truth")
    build_organisation(folder, end=midnight - timedelta(hours=12), days=DAYS, teams=TEAMS, timezone="Europe/Berlin")
    (folder / "dora.toml").write_text(f'data = "{folder}"\ntimezone = "Europe/Berlin"\n')
    return folder


@pytest.fixture
def views(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """Views of random windows, teams and applications."""
    monkeypatch.setenv("DORA_DATABASE", str(folder / "dora.duckdb"))
    monkeypatch.setenv("DORA_CONFIG", str(folder / "dora.toml"))
    build, dice = builds.current(), random.Random(17)
    about = builds.about(build)
    return [View(build, about, random_selection(dice, about.ends)) for _ in range(SCOPES)]


def random_selection(dice: random.Random, ends: datetime) -> Selection:
    """Return any window with no, one or two teams or applications."""
    last = ends.date() - timedelta(days=dice.randrange(DAYS - 20))
    chosen = Selection(window=dice.choice([*WINDOWS, "45d"]))
    if chosen.window == CUSTOM:
        chosen = replace(chosen, first_day=last - timedelta(days=dice.randrange(20)), last_day=last)
    teams = tuple(sorted(dice.sample(sorted({*TEAMS.values()}), dice.randrange(3))))
    members = [name for name, team in TEAMS.items() if not teams or team in teams]
    names = tuple(sorted(dice.sample(members, dice.randrange(2))))
    return replace(chosen, teams=teams, applications=names).with_calendar_days(ends)


def options(view: View) -> list[str]:
    """Return the scope of a view as options of a command."""
    scope = view.scope
    pairs = [("--since", scope.since), ("--until", scope.until), *(("--team", team) for team in scope.teams)]
    pairs += [("--application", name) for name in scope.applications]
    return [part for name, text in pairs if text for part in (name, text)]


def run_command(*words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, (words, result.output)
    return json.loads(result.stdout)


def test_every_screen_has_the_same_number(views: list[View], folder: Path) -> None:
    """The card is the sum of the table and of the marks, a mark the number of its list, and all are the command's."""
    delivery, dice = dora.open(folder / "dora.duckdb"), random.Random(5)
    for index, view in enumerate(views):
        name = dice.choice(Delivery.key_metrics)
        card = view.value(name)
        if index % COMMANDS == 0:
            (line,) = run_command("show", name, *options(view))
            shown = [line[key] for key in ("value", "n", "low", "high", "open")]
            assert shown == [card.value, card.n, card.low, card.high, card.open]
        assert Report(delivery, view.scope).value(name) == card
        assert sum(value.n for value in view.values_by(name, "application")) == card.n
        marks = view.trend(name)
        if view.scope.since or name != "lead_time":  # of all time the marks begin where the first deployment is
            assert sum(mark.n for mark in marks) == card.n, view.scope
        check_mark(view, name, dice)


def check_mark(view: View, name: str, dice: random.Random) -> None:
    """One mark of a trend is the number of its period, which a click lists."""
    grain = view.grain_of(name)
    mark = dice.choice(view.trend(name))
    row = charts.trend_rows([mark])[0]
    scope = deployment_list.period_scope(view, selection.name_period(row["start"], grain, view.grain))
    (value,) = cache.values(view.build, name, scope)
    assert (value.n, value.text) == (row["n"], row["text"]), (name, scope)


def test_the_denominators_add_up(views: list[View]) -> None:
    """Each step is exact, starts with the one before it and ends with the number on the card; the first is the list."""
    dice = random.Random(6)
    for view in views[::STEPS]:
        name = dice.choice([*dora.metrics()])
        steps = cache.denominators(view.build, view.scope, (name,))
        for step in steps:
            assert step.start - sum(step.left_out.values()) + sum(step.added.values()) == step.n
        assert [step.start for step in steps[1:]] == [step.n for step in steps[:-1]]
        assert steps[-1].n == view.value(name).n
        if steps[0].metric == "rework_rate":
            listed = deployment_lists.list_deployments(view.build, view.scope, 1, Listing())
            assert steps[0].start == (listed[0]["listed"] if listed else 0)


def test_every_verdict_is_the_same(views: list[View], folder: Path) -> None:
    """Card, box, report and command judge a move alike."""
    delivery = dora.open(folder / "dora.duckdb")
    compared = 0
    for view in [view for view in views if view.comparison_scope][:JUDGED]:
        earlier = view.comparison_scope
        assert earlier is not None
        group = "application" if view.selection.teams else "team"
        box = {
            change.now.metric: change
            for change in cache.significant_changes(view.build, view.scope, earlier, group)
            if change.total
        }
        (line,) = run_command("compare", "change_failure_rate", *options(view))
        report = {
            change.now.metric: change
            for change in delivery.significant_changes(view.scope, earlier, group)
            if change.total
        }
        for name, change in box.items():
            card = view.change(name)
            assert (card.move, card.verdict) == (change.move, change.verdict)
            assert (report[name].move, report[name].verdict) == (change.move, change.verdict)
        if "change_failure_rate" in box:
            assert line["verdict"] == box["change_failure_rate"].verdict
            compared += 1
    assert compared > 2
