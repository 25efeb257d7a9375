"""Teams: history stays with the team that had the application at the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.config import teams
from dora.config.settings import Config
from dora.errors import UsageError

DAY = datetime(2026, 3, 1)
MOVED = """
id | application | environment | status | started_at | finished_at
1 | payout | production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z
2 | payout | production | failed | 2026-03-09T22:30:00Z | 2026-03-09T23:30:00Z
3 | payout | production | succeeded | 2026-03-12T10:00:00Z | 2026-03-12T11:00:00Z
4 | search | production | succeeded | 2026-03-12T10:00:00Z | 2026-03-12T12:00:00Z
5 | lonely | production | succeeded | 2026-03-12T10:00:00Z | 2026-03-12T12:00:00Z
"""
SETTINGS = {
    "timezone": "Europe/Berlin",
    "teams": {
        "money/cards": [{"match": "pay*", "until": date(2026, 3, 10)}],
        "money": [{"match": "pay*", "since": "2026-03-10"}],
        "finding": ["search"],
    },
}


@pytest.fixture(scope="module")
def delivery(facts_of_file: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts_of_file(deployments=MOVED, settings=SETTINGS, as_of=datetime(2026, 3, 13, tzinfo=UTC))


def count_deployments(delivery: dora.Delivery, **query: Any) -> dict[str | None, int]:
    return {value.group: value.n for value in delivery.metric("deployment_frequency", since="2026-03-01", **query)}


def test_history_stays_with_the_team_of_its_day(delivery: dora.Delivery) -> None:
    """payout moved on 10 March in Berlin: what served at 23:30 UTC of the 9th was the new team's."""
    rows = delivery.sql("SELECT * FROM memberships WHERE application = 'payout' ORDER BY since")
    assert (rows[0]["team"], rows[0]["until"]) == ("money/cards", datetime(2026, 3, 9, 23))
    assert count_deployments(delivery, by="team") == {"finding": 1, "money": 1, "money/cards": 1, None: 1}
    failed = {v.group: v.value for v in delivery.metric("change_failure_rate", since="2026-03-01", by="team")}
    assert failed == {"finding": 0, "money": 0.5, "money/cards": 0, None: 0}


def test_a_group_includes_its_teams(delivery: dora.Delivery) -> None:
    """By group, both teams of money are one; asking for money means cards too, asking for cards only cards."""
    assert count_deployments(delivery, by="group") == {"finding": 1, "money": 2, None: 1}
    assert count_deployments(delivery, where={"team": "money"}) == {None: 2}
    assert count_deployments(delivery, where={"team": "money/cards"}) == {None: 1}
    assert [row["team"] for row in delivery.explain("deployment_frequency", dora.Scope(teams=("money/cards",)))] == [
        "money/cards"
    ]


def test_definitions_have_the_current_team(delivery: dora.Delivery) -> None:
    """Lists that show one team show the one that the application has now."""
    now = delivery.sql("SELECT application, team FROM definitions ORDER BY application")
    assert [tuple(row.values()) for row in now] == [("lonely", None), ("payout", "money"), ("search", "finding")]


def test_the_source_of_deployments_comes_before_the_owners_of_the_code(facts: Callable[..., dora.Delivery]) -> None:
    """Settings first, then what the deployment system says, then CODEOWNERS."""
    owners = [{"id": name, "application": name, "team": "owners"} for name in ("search", "lonely")]
    delivery = facts(deployments=MOVED, rows={"application": owners}, settings={"teams": {"finding": ["search"]}})
    now = delivery.sql("SELECT application, team FROM definitions ORDER BY application")
    assert [tuple(row.values()) for row in now] == [("lonely", "owners"), ("payout", None), ("search", "finding")]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"shop": "web"}, r"\[teams\] shop: .* list of globs"),
        ({"shop": [3]}, r"\[0\]: .*got `int`"),
        ({"shop": [{"match": "web", "from": "2026-01-01"}]}, "from"),
        ({"shop": [{"since": "2026-01-01"}]}, "missing required field `match`"),
        ({"shop": [{"match": "web", "since": "soon"}]}, r"\[0\]\.since"),
        ({"shop": [{"match": "web", "until": 7}]}, r"\[0\]\.until"),
    ],
)
def test_an_invalid_entry_is_refused(members: dict[str, Any], message: str) -> None:
    """The error names the team and the entry, before anything is built."""
    with pytest.raises(UsageError, match=message):
        teams.read_rules(Config(teams=members))


rule = st.builds(
    lambda team, match, since, length: {
        "team": team,
        "match": match,
        "since": (DAY + timedelta(days=since)).date(),
        "until": (DAY + timedelta(days=since + length)).date(),
    },
    st.sampled_from("abc"),
    st.sampled_from(["web", "w*", "api"]),
    st.integers(0, 20),
    st.integers(1, 9),
)


@given(st.lists(rule, max_size=6), st.sampled_from([None, "of source"]))
def test_every_moment_has_one_team_and_the_last_rule_wins(entries: list[dict[str, Any]], default: str | None) -> None:
    """Memberships leave no gap and do not overlap; on each day the team is that of the last rule that matches."""
    rules = [
        teams.Rule(entry["team"], entry["match"], *(datetime.combine(entry[k], DAY.time()) for k in ("since", "until")))
        for entry in entries
    ]
    memberships = teams.list_memberships(rules, "web", default)
    assert (memberships[0].since, memberships[-1].until) == (teams.BEGINNING, teams.END)
    assert all(before.until == after.since and before.team != after.team for before, after in pairwise(memberships))
    for day in range(-1, 31):
        noon = DAY + timedelta(days=day, hours=12)
        matching = [rule.team for rule in rules if rule.match in ("web", "w*") and rule.since <= noon < rule.until]
        (team,) = (membership.team for membership in memberships if membership.since <= noon < membership.until)
        assert team == (matching or [default])[-1]
