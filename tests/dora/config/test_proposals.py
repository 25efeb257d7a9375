"""What is proposed as production, as patterns of tags and as teams, from what was seen."""

from __future__ import annotations

import tomllib

import pytest

from dora.config.proposals import (
    TargetUse,
    names_production,
    propose_production,
    propose_tag_patterns,
    propose_teams,
)
from dora.config.settings_text import RepositoryLine, production_lines, repository_lines, team_lines


@pytest.mark.parametrize(
    "name", ["prod", "prod-eu", "eu_prod", "Production", "live-fra", "k8s-prod2", "acmeprod", "prd1"]
)
def test_a_name_of_production(name: str) -> None:
    """A word of production in a name."""
    assert names_production(name) is True


@pytest.mark.parametrize(
    "name", ["staging", "preprod", "pre-prod", "non-prod-eu", "prod-test", "qa-1", "dev", "nonprod"]
)
def test_a_name_of_something_else(name: str) -> None:
    """What comes before production is not production, even if its name has the word."""
    assert names_production(name) is False


@pytest.mark.parametrize("name", ["delivery", "reproduce", "alive", "olive", "k8s", "", None])
def test_a_name_that_does_not_say(name: str | None) -> None:
    """A part of another word says nothing."""
    assert names_production(name) is None


def test_the_environment_of_an_account_decides_before_its_name() -> None:
    """An account that calls itself staging is not production, however it is called; counts are sums of locations."""
    proposal = propose_production(
        [
            TargetUse("a", "shop", "production", 3),
            TargetUse("a", "cart", "production", 4),
            TargetUse("prod-b", "shop", "staging", 9),
            TargetUse("registry", None, None, 0),
        ]
    )
    assert [(account.account, account.deployments) for account in proposal.accounts if account.is_production] == [
        ("a", 7)
    ]
    assert proposal.locations == []


def test_one_account_with_namespaces_for_each_environment() -> None:
    """Where accounts do not say it, their namespaces do."""
    proposal = propose_production(
        [TargetUse("k8s", "production", None, 5), TargetUse("k8s", "staging", None, 8), TargetUse("lab", "x", None, 1)]
    )
    assert proposal.names == ["k8s"]
    assert proposal.locations == ["production"]


def test_a_production_account_with_a_namespace_for_tests() -> None:
    """The namespaces that are called otherwise are left out."""
    uses = [TargetUse("prod", "shop", None, 5), TargetUse("prod", "shop-staging", None, 2)]
    assert propose_production(uses).locations == ["shop"]


def test_without_a_sign_nothing_is_proposed_except_what_asks_before_it_destroys() -> None:
    """An account without any sign is listed and not proposed."""
    assert propose_production([TargetUse("blue", "x", None, 5)]).names == []
    uses = [TargetUse("blue", "x", None, 5, guarded=True), TargetUse("red", "x", None, 9)]
    assert propose_production(uses).names == ["blue"]


def test_patterns_of_tags() -> None:
    """The name of a tag around the version; what is configured is not proposed again."""
    existing = ["{version}", "v{version}"]
    assert propose_tag_patterns(["1.2.0", "1.3.0"], ["v1.2.0", "1.3.0"], existing) == []
    assert propose_tag_patterns(["1.2.0"], ["rel-1.2.0", "other"], existing) == ["rel-{version}"]
    assert propose_tag_patterns(["1.2.0", "3"], ["shop/1.2.0", "shop/1.3.0"], existing) == ["shop/{version}"]
    assert propose_tag_patterns(["1.2.0"], ["release1.2.0"], existing) == ["release{version}"]
    assert propose_tag_patterns(["latest"], ["latest", "x-latest"], existing) == []


def test_teams_are_the_owners_without_their_domain() -> None:
    """An application that an entry has is left out."""
    owners = {"shop": "Money@acme.example", "cart": "money@acme.example", "lab": None, "pay-api": "x@acme.example"}
    assert propose_teams(owners, ["pay-*"]) == {"money": ["cart", "shop"]}


def test_the_lines_are_toml() -> None:
    """Names with quotes, spaces and dots stay what they are."""
    proposal = propose_production([TargetUse('pr"od prod', "a", None, 1), TargetUse("dev\nx", None, None, 0)])
    text = "\n".join(["[definitions]", *production_lines(proposal, confirmed=True)])
    assert tomllib.loads(text)["definitions"]["production_accounts"] == ['pr"od prod']
    assert tomllib.loads("\n".join(["[teams]", *team_lines({"a b.c": ["x"], "plain": ["y"]})]))["teams"] == {
        "a b.c": ["x"], "plain": ["y"],
    }  # fmt: skip
    lines = [
        RepositoryLine("o/a", "https://h/o/a.git", 3),
        RepositoryLine("o/b", None, 0),
        RepositoryLine("o/c", "/x/c.git", 1),
    ]
    entries = tomllib.loads("\n".join(["repositories = [", *repository_lines(lines), "]"]))["repositories"]
    assert entries == [{"url": "https://h/o/a.git"}, {"url": "/x/c.git", "name": "o/c"}]
    assert all(line.startswith("#") for line in production_lines(proposal, confirmed=False))
