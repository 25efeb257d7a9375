"""The definitions in a build: patterns that models join, and the text that people read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import dora

DEPLOYMENTS = """
id | application | environment | status | started_at | finished_at
1 | pay-card | production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z
2 | search | production | succeeded | 2026-03-01T10:00:00Z | 2026-03-01T11:00:00Z
"""
SETTINGS = {
    "definitions": {"hotfix_branches": ["fix_*", "hot?"], "failure_window_hours": 12},
    "applications": [{"match": ["pay-*"], "failure_window_hours": 48, "paths": ["pay/**"]}],
}


@pytest.fixture
def delivery(facts: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts(deployments=DEPLOYMENTS, settings=SETTINGS)


def test_each_application_has_its_definitions(delivery: dora.Delivery) -> None:
    """An override applies to the applications that it matches, and to no other."""
    rows = delivery.sql("SELECT application, failure_window_hours, paths FROM definitions ORDER BY application")
    assert [tuple(row.values()) for row in rows] == [("pay-card", 48.0, "(?s)(?:pay/.*)"), ("search", 12.0, None)]


def test_globs_and_kinds_have_the_form_that_models_join(delivery: dora.Delivery) -> None:
    """Globs of names are one regular expression in any case, and one LIKE pattern each; kinds are a list."""
    (row,) = delivery.sql("SELECT hotfix_branches, frequency_kinds FROM definitions WHERE application = 'search'")
    assert row["hotfix_branches"] == "(?si)(?:fix_.*)|(?:hot.)"
    assert row["frequency_kinds"] == ["release", "hotfix", "config", "promotion"]
    globs = "SELECT pattern FROM globs WHERE application = 'search' AND key = 'hotfix_branches' ORDER BY pattern"
    assert [row["pattern"] for row in delivery.sql(globs)] == ["fix\\_%", "hot_"]


def test_definitions_in_force_are_text(delivery: dora.Delivery) -> None:
    """Each key of each application has its value as a person would write it, and its meaning."""
    rows = delivery.sql("SELECT key, value, description FROM definitions_in_force WHERE application = 'search'")
    by_key = {row["key"]: (row["value"], row["description"]) for row in rows}
    assert by_key["hotfix_branches"] == (
        "fix_* hot?",
        "A deployment of a branch that matches one of these globs is a hotfix.",
    )
    assert by_key["failure_window_hours"][0] == "12"
