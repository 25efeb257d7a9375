"""A scope selects the same rows in lists and in analyses: by window, application and team at the time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

import dora
from dora import periods
from dora.errors import UsageError
from dora.query.lists import run_analysis
from dora.query.value import Scope
from dora.sql.catalog import queries

DEPLOYMENTS = """
id | application | environment | status | started_at | finished_at
1 | payout | production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z
2 | payout | production | failed | 2026-03-09T22:30:00Z | 2026-03-09T23:30:00Z
3 | payout | production | succeeded | 2026-03-12T10:00:00Z | 2026-03-12T11:00:00Z
4 | search | production | succeeded | 2026-03-12T10:00:00Z | 2026-03-12T12:00:00Z
"""
TEAMS = {
    "money/cards": [{"match": "pay*", "until": date(2026, 3, 10)}],
    "money": [{"match": "pay*", "since": "2026-03-10"}],
    "finding": ["search"],
}


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    settings, as_of = {"timezone": "Europe/Berlin", "teams": TEAMS}, datetime(2026, 3, 13, tzinfo=UTC)
    delivery = built_in(tmp_path_factory.mktemp("lists"), deployments=DEPLOYMENTS, settings=settings, as_of=as_of)
    yield delivery
    delivery.close()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), "4321"),
        (Scope(teams=("money/cards",)), "1"),
        (Scope(teams=("money",)), "321"),
        (Scope(applications=("search",)), "4"),
        (Scope(since="2026-03-10"), "432"),
        (Scope(until="2026-03-10"), "1"),
        (Scope(since="2026-03-11", teams=("money",)), "3"),
        (Scope(applications=("search",), teams=("money",)), ""),
    ],
)
def test_lists_and_analyses_have_the_same_rows(scope: Scope, expected: str, delivery: dora.Delivery) -> None:
    """A deployment stays with the team of its day, also if the application moved at midnight in Berlin."""
    rows = delivery.audit(scope).rows
    numbers = [row["deployment_id"].partition("/")[2].partition("@")[0][-1] for row in rows]
    assert sorted(numbers) == sorted(expected)
    assert [row["happened_at"] for row in rows] == sorted((row["happened_at"] for row in rows), reverse=True)
    applications = run_analysis(delivery.connection(), "deployed", scope)
    assert sum(row["deployments"] for row in applications) == len(expected)
    assert {row["team"] for row in rows} <= {"money/cards", "money", "finding"}


def test_every_analysis_runs_in_every_scope(delivery: dora.Delivery) -> None:
    """No analysis over lists needs a bound that a scope may not have, or names a list that does not exist."""
    of_others = re.compile(r"\$(observations|metric|deployment_id)\b|\bearlier\.")  # of one thing, or of two builds
    analyses = [name for name, sql in queries("analyses").items() if not of_others.search(sql)]
    assert len(analyses) > 3
    for name in analyses:
        for scope in (Scope(), Scope(since="30d", until="1d", teams=("money",))):
            assert isinstance(run_analysis(delivery.connection(), name, scope), list)
    with pytest.raises(UsageError, match="no team nobody"):
        delivery.audit(Scope(teams=("nobody",)))


def test_a_list_holds_the_start_of_its_window_and_not_the_end(delivery: dora.Delivery) -> None:
    """A row exactly at ``since`` is listed, one exactly at ``until`` is not."""
    row = next(row for row in delivery.list_rows("audit_trail") if row["happened_at"])
    at = periods.to_local(row["happened_at"], delivery.about()["timezone"]).isoformat()
    ids = [
        {listed["deployment_id"] for listed in delivery.list_rows("audit_trail", scope)}
        for scope in (Scope(since=at), Scope(until=at))
    ]
    assert [row["deployment_id"] in listed for listed in ids] == [True, False]
