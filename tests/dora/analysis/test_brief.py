"""The brief: silent on noise, never more than three sentences, each significant, relevant and about something else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.analysis.brief import claims as brief_claims
from dora.analysis.brief.brief import Brief, find_claims
from dora.analysis.brief.claims import Claim, ClaimReader, rank_claims, significant_claims
from dora.analysis.period_comparison import KEY_METRICS, significant_changes
from dora.analysis.weekly_signals import WeeklySeries
from dora.query.value import Scope, Value
from tests.dora.analysis.weekly_world import MONDAY, weekly_world

TEAMS = ("ada", "bo", "cy")
WEEKS = 40
STEP = 28  # the week of the story's changes
NOISE_WEEKS = int(os.environ.get("DORA_NOISE_WEEKS", "100"))  # 1000 for the figure of the documentation
NOISE_START = datetime(2007, 1, 1)  # a Monday


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]) -> Iterator[dora.Delivery]:
    """Of three teams, cy's changes take 30 times as long; bo's double in week 28, when failures of all get rare."""
    hours = {"ada": 1.0, "bo": 1.0, "cy": 30.0}
    facts = weekly_world(
        TEAMS,
        WEEKS,
        20,
        lead_hours=lambda team, week, dice: (
            hours[team] * (2 if team == "bo" and week >= STEP else 1) * dice.lognormvariate(0, 0.2)
        ),
        failure_rate=lambda _, week: 0.3 if week < STEP else 0.02,
    )
    facts["settings"] |= {"goals": {"lead_time": {"at_most": "4 h"}}}
    at = MONDAY + timedelta(weeks=STEP, days=1)
    facts["events"] = f"id | at | title | teams\nall | {at} | Template roll-out |\nada | {at} | Office move | ada"
    delivery = built_in(tmp_path_factory.mktemp("story"), **facts)
    yield delivery
    delivery.close()


@pytest.fixture(scope="module")
def brief(story: dora.Delivery) -> Brief:
    return story.brief(Scope(since="20w"))


def test_the_brief_names_who_needs_attention_and_what_changed(brief: Brief) -> None:
    """First the outlier team, then the shift of all, then the shift of one team, each in the week of the story."""
    claims = [sentence.claim for sentence in brief.sentences]
    assert [(claim.kind, claim.now.metric, claim.now.group, claim.verdict) for claim in claims] == [
        ("outlier", "lead_time", "cy", "worse"),
        ("shift", "change_failure_rate", None, "better"),
        ("shift", "lead_time", "bo", "worse"),
    ]
    week = MONDAY + timedelta(weeks=STEP)
    assert [claim.week for claim in claims[1:]] == [week, week]
    texts = [sentence.text for sentence in brief.sentences]
    assert texts[0].startswith("cy's lead time for changes is")
    assert "all others together have" in texts[0]
    assert texts[1].startswith("Change failure rate fell from")
    assert f"in the week of {week:%-d %B %Y} and has stayed there, since “Template roll-out” (" in texts[1]
    assert brief.sentences[2].link.command == "dora signals lead_time --team bo --since 20w"


def test_the_scorecard_has_the_worst_team_first_with_its_goal(story: dora.Delivery, brief: Brief) -> None:
    """The numbers are those of the metrics by team; cy misses the goal of four hours and is an outlier."""
    scorecard = brief.scorecard
    assert next(row.name for row in scorecard.rows) == "cy"
    values = {value.group: value for value in story.values("lead_time", Scope(since="20w", by="team"))}
    for row in scorecard.rows:
        cell = row.cells["lead_time"]
        assert cell.value == values[row.group]
        assert len(cell.weeks) == 20
        assert cell.goal is not None
        assert cell.goal.verdict == ("missed" if row.name == "cy" else "met")
        assert cell.outlier == (row.name == "cy")


def test_a_quarter_has_the_shifts_of_its_dates(story: dora.Delivery) -> None:
    """What followed a change point ends with the quarter, whether it is named or given by its days."""
    earlier = Scope("2026-04-01", "2026-07-01")
    named, dated = (story.brief(scope, earlier) for scope in (Scope("last quarter"), Scope("2026-07-01", "2026-10-01")))
    assert [sentence.text for sentence in named.sentences] == [sentence.text for sentence in dated.sentences]
    assert any(sentence.claim.kind == "shift" for sentence in named.sentences)


def test_inside_a_team_the_brief_is_about_its_applications(story: dora.Delivery) -> None:
    """A page that is filtered to teams compares their applications."""
    scorecard = story.brief(Scope(since="12w", teams=("ada", "cy"))).scorecard
    assert (scorecard.by, [row.name for row in scorecard.rows]) == ("application", ["cy-app", "ada-app"])


def test_without_history_before_the_window_nothing_is_compared(story: dora.Delivery) -> None:
    """Thirty weeks of forty have no equal window before them; outliers are still found."""
    brief = story.brief(Scope(since="30w"))
    assert brief.earlier is None
    assert brief.sentences[0].claim.kind == "outlier"
    assert all(cell.change is None for row in brief.scorecard.rows for cell in row.cells.values())


VERDICTS = st.sampled_from(["better", "worse", "not significant", "too small to matter"])


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    value = Value(
        metric=draw(st.sampled_from(KEY_METRICS)), group=draw(st.sampled_from([None, *TEAMS])), period=None,
        value=draw(st.floats(0.1, 10)), unit="hours", statistic="median", n=9, low=None, high=None, open=0, excluded={},
        partial=False, reason=None, as_of=None,
    )  # fmt: skip
    return Claim(
        draw(st.sampled_from(["outlier", "waiting", "goal", "shift", "move"])), value, draw(st.floats(0, 0.2)),
        draw(VERDICTS), replace(value, value=draw(st.floats(0.1, 10))), total=value.group is None,
    )  # fmt: skip


@given(st.lists(claims(), max_size=40))
def test_no_sentence_without_significance_after_correction(candidates: list[Claim]) -> None:
    """Each claim is among the smallest p that Benjamini and Hochberg's line admits, and no two have one subject."""
    order = sorted(claim.p for claim in candidates)
    limit = max((p for rank, p in enumerate(order, 1) if p <= 0.05 * rank / len(order)), default=-1.0)
    chosen = rank_claims(significant_claims(candidates), candidates)
    assert len(chosen) <= brief_claims.MAX_SENTENCES
    assert all(claim.p <= limit and claim.verdict in ("better", "worse") for claim in chosen)
    assert len({claim.subject for claim in chosen}) == len(chosen)
    if significant_claims(candidates):
        assert chosen


class Weeks:
    """The weekly values of a noise world, read once, as values and signals of any of its weeks."""

    def __init__(self, delivery: dora.Delivery) -> None:
        self.delivery = delivery

    @cache  # noqa: B019 - lives as long as the test
    def weekly(self, name: str, scope: Scope) -> dict[datetime, list[Value]]:
        by_week: dict[datetime, list[Value]] = {}
        for value in self.delivery.values(name, scope):
            assert value.period
            by_week.setdefault(value.period, []).append(replace(value, period=None))
        return by_week

    def values(self, name: str, scope: Scope) -> list[Value]:
        assert scope.since
        weekly = self.weekly(name, replace(scope, since=None, until=None, every="week"))
        return weekly.get(datetime.fromisoformat(scope.since), [])

    def signals(self, name: str, scope: Scope) -> list[WeeklySeries]:
        return []


def test_noise_has_no_brief(tmp_path: Path, built_in: Callable[..., dora.Delivery]) -> None:
    """Three equal teams that never change: at most 5 % of the briefs of their weeks claim anything.

    The limit for a few weeks is that of a binomial with 5 %: three standard deviations above.
    """
    facts = weekly_world(
        TEAMS,
        NOISE_WEEKS,
        14,
        lead_hours=lambda _team, _week, dice: dice.lognormvariate(0, 1),
        failure_rate=lambda *_: 0.1,
        start=NOISE_START,
    )
    delivery = built_in(tmp_path, **facts)
    weeks, con = Weeks(delivery), delivery.connection()
    claiming = 0
    for week in range(1, NOISE_WEEKS - 1):
        days = [f"{NOISE_START + timedelta(weeks=week + offset):%Y-%m-%dT00:00:00}" for offset in (-1, 0, 1)]
        earlier, scope = Scope(*days[:2]), Scope(*days[1:])
        changes = significant_changes(weeks.values, scope, earlier, "team")
        candidates = find_claims(con, scope, "team", changes, ClaimReader(weeks.values, weeks.signals))
        assert len(candidates) >= 8
        claiming += bool(significant_claims(candidates))
    expected = 0.05 * NOISE_WEEKS
    print(f"{claiming} of {NOISE_WEEKS - 2} briefs of noise claim anything")
    assert claiming <= expected + 3 * (expected * 0.95) ** 0.5 * (NOISE_WEEKS < 1000)
