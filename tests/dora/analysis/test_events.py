"""Noted events: a scope has those that concern one of its applications at the time, in its window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

import dora
from dora.query.value import Scope

DEPLOYMENTS = """
id | application | environment | status | started_at | finished_at
1 | payout | production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z
2 | Search | production | succeeded | 2026-03-12T10:00:00Z | 2026-03-12T12:00:00Z
"""
EVENTS = """
id | at | title | until | applications | teams | kind
all | 2026-03-02 | Freeze | 2026-03-05 | | | freeze
pay | 2026-03-03T12:00 | Template | | payout | | template
app | 2026-03-06T12:00 | Migration | | SEARCH | | migration
cards | 2026-03-07T12:00 | Cards | | | Money/Cards | reorganisation
money | 2026-03-11T12:00 | Money | | | money, finding | other
lost | 2026-03-12T12:00 | Lost | | typo | | other
"""
TEAMS = {
    "money/cards": [{"match": "pay*", "until": date(2026, 3, 10)}],
    "money": [{"match": "pay*", "since": "2026-03-10"}],
    "finding": ["sear*"],
}


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    settings, as_of = {"timezone": "Europe/Berlin", "teams": TEAMS}, datetime(2026, 3, 13, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("events")
    delivery = built_in(folder, deployments=DEPLOYMENTS, events=EVENTS, settings=settings, as_of=as_of)
    yield delivery
    delivery.close()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), ["lost", "money", "cards", "app", "pay", "all"]),
        (Scope(teams=("finding",)), ["money", "app", "all"]),
        (Scope(teams=("money",)), ["money", "cards", "pay", "all"]),
        (Scope(teams=("money/cards",)), ["cards", "pay", "all"]),
        (Scope(applications=("SEARCH",)), ["money", "app", "all"]),
        (Scope(applications=("payout",)), ["money", "cards", "pay", "all"]),
        (Scope(since="2026-03-04"), ["lost", "money", "cards", "app", "all"]),
        (Scope(since="2026-03-05T01:00", until="2026-03-07"), ["app"]),
        (Scope(until="2026-03-03", applications=("payout",)), ["all"]),
    ],
)
def test_the_events_of_a_scope(scope: Scope, expected: list[str], delivery: dora.Delivery) -> None:
    """All of the organisation, of an application in any case, of its team at that day and of those above it."""
    assert [event["event_id"] for event in delivery.events(scope)] == expected


def test_an_event_of_two_teams_is_one_row(delivery: dora.Delivery) -> None:
    """With both names, whichever of them the scope has."""
    (event,) = delivery.events(Scope(teams=("finding",), since="2026-03-11"))
    assert event == {
        "event_id": "money",
        "source": "files",
        "kind": "other",
        "title": "Money",
        "happened_at": datetime(2026, 3, 11, 12),
        "until": None,
        "applications": [],
        "teams": ["finding", "money"],
        "url": None,
    }


def test_a_name_that_does_not_exist_is_found(delivery: dora.Delivery) -> None:
    """The check names the event; a name in another case is right, and the spelling of the note renames nothing."""
    (row,) = delivery.sql("SELECT rows, examples FROM check_results WHERE name = 'events_without_owner'")
    assert row["rows"] == 1
    assert "typo" in row["examples"]
    names = delivery.sql("SELECT DISTINCT application FROM deployments ORDER BY ALL")
    assert [row["application"] for row in names] == ["Search", "payout"]


def test_notes_do_not_turn_stale(facts: Callable[..., dora.Delivery]) -> None:
    """A source of events alone has no age."""
    assert facts(events=EVENTS, as_of=None).stale_sources() == {}
