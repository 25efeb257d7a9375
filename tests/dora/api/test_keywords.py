"""Keywords of a scope: what people write is accepted, and what can not be meant is refused with what was."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dora
from dora.errors import UsageError
from dora.query.value import Scope

DEPLOYMENTS = """
id | application | environment | status | started_at | finished_at
d1 | ledger | production | succeeded | 2026-05-02T08:00 | 2026-05-02T09:00
d2 | ledger | production | succeeded | 2026-05-20T08:00 | 2026-05-20T09:00
d3 | payout | production | succeeded | 2026-05-21T08:00 | 2026-05-21T09:00
"""
TEAMS = {"money": ["ledger"], "cards": ["payout"]}


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    settings = {"teams": TEAMS, "timezone": "Europe/Berlin"}
    as_of = datetime(2026, 6, 1, tzinfo=UTC)
    with built_in(
        tmp_path_factory.mktemp("keywords"), deployments=DEPLOYMENTS, settings=settings, as_of=as_of
    ) as delivery:
        yield delivery


@pytest.mark.parametrize(
    "since",
    [
        "12d", timedelta(days=12), pd.Timedelta("12d"), timedelta(hours=12 * 24), "2026-05-20", date(2026, 5, 20),
        datetime(2026, 5, 20), datetime(2026, 5, 19, 22, tzinfo=UTC), pd.Timestamp("2026-05-20"),
        pd.Timestamp("2026-05-20", tz="Europe/Berlin"), np.datetime64("2026-05-20"),
        pd.Timestamp("2026-05-20T00:00:00.000001"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_moment_may_be_any_date_time_or_age(delivery: dora.Delivery, since: Any) -> None:
    """Ages count from the end of the data; a time without a zone is local to the organisation."""
    assert delivery.metric("deployment_frequency", since=since).n == 2
    assert delivery.metric("deployment_frequency", until=since).n == 1
    assert len(delivery.table("deployments", since=since)) == 2


@pytest.mark.parametrize("words", [{}, {"since": "all"}, {"since": None}, {"team": None}, {"where": {}}])
def test_nothing_and_all_select_everything(delivery: dora.Delivery, words: Any) -> None:
    """A keyword of None is as if it was left out."""
    assert delivery.metric("deployment_frequency", **words).n == 3


@pytest.mark.parametrize(
    "words",
    [
        {"application": "ledger"}, {"application": ["ledger"]}, {"applications": "Ledger"}, {"team": {"money"}},
        {"teams": ("money",)}, {"application": pd.Series(["ledger"])}, {"where": {"Application": "ledger"}},
        {"where": {"team": ["money"]}, "application": ["ledger", "payout"]}, {"scope": Scope(applications=("ledger",))},
        {"scope": Scope(teams="money")}, {"scope": Scope("1d"), "since": None, "team": "money"},
    ],
    ids=repr,
)  # fmt: skip
def test_names_are_one_or_several(delivery: dora.Delivery, words: Any) -> None:
    """One name or a collection, in the singular or the plural; keywords replace the fields of a scope."""
    assert delivery.metric("deployment_frequency", **words).n == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"since": 30}, "since=30 is not a date. Next: did you mean since='30d'?"),
        ({"since": 30.0}, "did you mean since='30d'?"),
        ({"until": 7}, "did you mean until='7d'?"),
        ({"since": np.int64(30)}, "did you mean since='30d'?"),
        ({"since": "30"}, "'30' is not a date. Next: did you mean 30d?"),
        ({"since": "30 days"}, "did you mean 30d?"),
        ({"since": "3 months"}, "did you mean 90d?"),
        ({"since": True}, "since=True is not a date"),
        ({"since": pd.NaT}, "since=NaT is not a date"),
        ({"since": float("nan")}, "since=nan is not a date"),
        ({"since": ""}, "since='' is not a date"),
        ({"since": ["30d"]}, "is not a date"),
        ({"since": timedelta(minutes=5)}, "is not a date"),
        ({"since": timedelta(0)}, "is not a date"),
        ({"until": "all"}, "'all' is not a date"),
        ({"since": "1d", "until": "2d"}, "The window ends"),
        ({"sinse": "30d"}, "metric() has no keyword sinse. Next: did you mean since?"),
        ({"aplication": "ledger"}, "did you mean application?"),
        ({"application": "legder"}, "There is no application legder. Next: did you mean ledger?"),
        ({"application": 5}, "application=5 is not a name"),
        ({"application": []}, "application is empty, which selects nothing"),
        ({"application": ["ledger", None]}, "is not a name"),
        ({"application": "ledger", "applications": ["payout"]}, "application and applications mean the same"),
        ({"application": "ledger", "where": {"application": "payout"}}, "mean the same"),
        ({"where": {"tem": "money"}}, "There is no filter tem. Next: did you mean team?"),
        ({"where": "money"}, "where='money' is not a filter"),
        ({"team": "mony"}, "There is no team mony. Next: did you mean money?"),
        ({"by": "teams"}, "by='teams' is not one of application, team, group, assistance. Next: did you mean team?"),
        ({"by": ["team"]}, "did you mean team?"),
        ({"every": "weekly"}, "every='weekly' is not one of day, week, month. Next: did you mean week?"),
        ({"every": "W"}, "did you mean week?"),
        ({"statistic": "p95"}, "The statistic of deployment_frequency must be count, not 'p95'"),
        ({"statistic": 0.9}, "statistic=0.9 is not text"),
        ({"scope": "30d"}, "'30d' is not a scope. Next: give keywords"),
    ],
    ids=repr,
)
def test_what_can_not_be_meant_is_refused(delivery: dora.Delivery, words: Any, message: str) -> None:
    """The message has the keyword, its value, and what was probably meant."""
    with pytest.raises(UsageError) as caught:
        delivery.metric("deployment_frequency", **words)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["leadtime", "lead time", ["lead_time"], 5, None])
def test_a_wrong_metric_is_refused(delivery: dora.Delivery, name: Any) -> None:
    """A name of another type too; a metric of ``dora.metrics`` is as good as its name."""
    with pytest.raises(UsageError, match="There is no metric"):
        delivery.metric(name)
    assert delivery.metric(dora.metrics()["deployment_frequency"]).n == 3  # type: ignore[arg-type]


SCOPED = [
    name
    for name, method in inspect.getmembers(dora.Delivery, inspect.isfunction)
    if "since" in inspect.signature(method).parameters
]


def test_every_method_with_a_scope_takes_keywords() -> None:
    """No method that people call needs a ``Scope``; help shows each keyword by itself."""
    for name, method in inspect.getmembers(dora.Delivery, inspect.isfunction):
        parameters = inspect.signature(method).parameters
        if "scope" in parameters and name not in ("judge_changes", "significant_changes"):  # of two scopes
            assert name in SCOPED
            assert {"since", "until", "application", "team"} <= set(parameters)
    assert len(SCOPED) > 20


@pytest.mark.parametrize("name", [name for name in SCOPED if name not in ("metrics", "brief", "audit")])
def test_a_wrong_keyword_is_refused_everywhere(delivery: dora.Delivery, name: str) -> None:
    """Every method checks its keywords before it reads anything."""
    method = getattr(delivery, name)
    with pytest.raises(UsageError, match=f"{name}.. has no keyword sinse. Next: did you mean since"):
        method(sinse="30d")
    with pytest.raises(UsageError, match="did you mean since='30d'"):
        method(
            **{word: "x" for word in ("name", "year", "sql") if word in inspect.signature(method).parameters}, since=30
        )
