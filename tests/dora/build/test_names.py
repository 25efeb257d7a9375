"""Names are compared without case and in one Unicode form; a renamed application keeps its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import dora
from dora.errors import UsageError

FIRST, SECOND = "1" * 40, "2" * 40
DEPLOYMENTS = f"""
id | application | environment | status | started_at | finished_at | commit | repository
1 | Ledger | Production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z | {FIRST} | Acme/Ledger
2 | ledger | production | succeeded | 2026-03-02T10:00:00Z | 2026-03-02T11:00:00Z | {SECOND} | acme/ledger
3 | LEDGER | production | succeeded | 2026-03-01T12:00:00Z | 2026-03-01T13:00:00Z | | acme/ledger
4 | cafe\u0301 | production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z | |
5 | caf\u00e9 | production | succeeded | 2026-03-02T10:00:00Z | 2026-03-02T11:00:00Z | |
"""
CHANGES = f"""
repository | sha | parents | authored_at | committed_at
ACME/ledger | {FIRST} | | 2026-03-01T09:00:00Z | 2026-03-01T09:00:00Z
ACME/ledger | {SECOND} | {FIRST} | 2026-03-02T09:00:00Z | 2026-03-02T09:00:00Z
"""


def read_applications(delivery: dora.Delivery) -> list[str]:
    rows = delivery.sql("SELECT DISTINCT application FROM deployments ORDER BY ALL")
    return [row["application"] for row in rows]


def test_spellings_of_a_name_are_one_application(facts: Callable[..., dora.Delivery]) -> None:
    """Case and Unicode form do not divide an application; without settings its latest spelling is its name."""
    delivery = facts(deployments=DEPLOYMENTS, changes=CHANGES)
    assert read_applications(delivery) == ["caf\u00e9", "ledger"]
    assert [row["shipped_by"] for row in delivery.sql("SELECT shipped_by FROM changes ORDER BY sha")] == [
        "ledger/1@files", "ledger/2@files"
    ]  # fmt: skip
    assert delivery.sql("SELECT DISTINCT repository FROM changes") == [{"repository": "acme/ledger"}]


@pytest.mark.parametrize(
    "settings",
    [
        {"teams": {"money": ["lEDGER"]}},
        {"applications": [{"match": ["lEDGER"], "failure_window_hours": 3}], "teams": {"money": ["*DGER"]}},
    ],
)
def test_the_spelling_of_the_settings_is_the_name(
    facts: Callable[..., dora.Delivery], settings: dict[str, Any]
) -> None:
    """A name that the settings write out is the name in all tables; globs of teams match in any case."""
    delivery = facts(deployments=DEPLOYMENTS, settings=settings)
    assert read_applications(delivery) == ["caf\u00e9", "lEDGER"]
    assert delivery.sql("SELECT application FROM memberships WHERE team = 'money'") == [{"application": "lEDGER"}]


def test_a_scope_matches_names_in_any_case(facts: Callable[..., dora.Delivery]) -> None:
    """Applications and teams of a scope, and the keys of a filter, are found in any case; others are refused."""
    delivery = facts(deployments=DEPLOYMENTS, settings={"teams": {"Money": ["ledger"]}})

    def count(**where: Any) -> int:
        (row,) = delivery.metric("deployment_frequency", where=where).dicts()
        return int(row["n"] + sum(row["excluded"].values()))

    assert count(application="LEDGER") == count(Application="Ledger") == count(team="money") == 3
    assert count(application="CAFE\u0301") == 2
    with pytest.raises(UsageError, match=r"no application ledgers.*did you mean ledger\?"):
        count(application="ledgers")


@pytest.mark.parametrize("name", ["pay", "Pay", "billing", "BILLING", "invoices"])
def test_a_renamed_application_has_its_whole_history(facts: Callable[..., dora.Delivery], name: str) -> None:
    """What an application was called before, over several renames, leads to its name of today."""
    deployments = DEPLOYMENTS.replace("Ledger ", "invoices ").replace("LEDGER", "Billing").replace("| ledger", "| pay")
    settings = {
        "applications": [
            {"match": ["invoices"], "became": "billing"},
            {"match": ["billing"], "became": "pay", "until": "2026-03-02"},
        ]
    }
    delivery = facts(deployments=deployments, settings=settings)
    assert read_applications(delivery) == ["caf\u00e9", "pay"]
    (row,) = delivery.metric("deployment_frequency", where={"application": name}).dicts()
    assert row["n"] + sum(row["excluded"].values()) == 3


def test_applications_that_became_each_other_are_read(facts: Callable[..., dora.Delivery]) -> None:
    """Two applications that became each other are one application, without an endless search."""
    settings = {"applications": [{"match": ["ledger"], "became": "café"}, {"match": ["café"], "became": "ledger"}]}
    assert len(read_applications(facts(deployments=DEPLOYMENTS, settings=settings))) <= 2


def test_a_list_of_applications_has_their_names(facts: Callable[..., dora.Delivery]) -> None:
    """Applications that a source assigns to a change are names too."""
    commit = {"id": FIRST, "repository": "acme/ledger", "sha": FIRST, "parents": []}
    change = {"id": FIRST, "repository": "acme/ledger", "sha": FIRST, "merged_at": "2026-03-01T09:00:00Z"}
    rows = {"commit": [commit], "change": [change | {"applications": ["LEDGER", "Ledger"], "on_trunk": True}]}
    delivery = facts(deployments=DEPLOYMENTS, rows=rows)
    assert delivery.sql("SELECT application, shipped_by FROM changes") == [
        {"application": "ledger", "shipped_by": "ledger/1@files"}
    ]
