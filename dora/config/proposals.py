"""Propose settings from what was seen: which accounts are production, how tags are called, who owns what.

Nothing here is in force: `dora init` and the hints of a build print it, and a person confirms it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dora.config.patterns import fold, matches

_WORDS = re.compile(r"[a-z]+")
_PRODUCTION = frozenset({"prod", "production", "prd", "live", "prodn"})
_OTHER = frozenset({
    "stage", "staging", "stg", "test", "testing", "tst", "dev", "develop", "development", "qa", "uat", "sandbox",
    "preprod", "preproduction", "nonprod", "nonproduction", "integration", "int", "demo", "lab", "preview", "perf",
    "load", "loadtest", "canary", "ci",
})  # fmt: skip
_BEFORE = re.compile(r"(?:pre|non|not|no)[-_. ]?(?=prod|prd|live)")


class TargetUse(NamedTuple):
    """How often an account and a namespace or region in it was deployed to.

    ``environment`` is what the account says of itself; ``guarded`` tells that it asks before destructive actions.
    """

    account: str
    location: str | None
    environment: str | None
    deployments: int
    guarded: bool = False


class AccountProposal(NamedTuple):
    """One account, how often it was deployed to, whether it is proposed as production, and why."""

    account: str
    deployments: int
    is_production: bool
    reason: str


class ProductionProposal(NamedTuple):
    """The accounts, the proposed ones first, and the locations in them that alone are production; none: all are."""

    accounts: list[AccountProposal]
    locations: list[str]

    @property
    def names(self) -> list[str]:
        """The proposed accounts."""
        return [account.account for account in self.accounts if account.is_production]


def names_production(name: str | None) -> bool | None:
    """Whether a name is one of production, such as prod-eu; false for staging, preprod and the like, else None."""
    text = _BEFORE.sub("preprod ", fold(name or ""))
    words = set(_WORDS.findall(text))
    if words & _OTHER:
        return False
    return True if words & _PRODUCTION or fold(name or "").endswith(("prod", "production")) else None


def propose_production(uses: Iterable[TargetUse]) -> ProductionProposal:
    """Propose accounts by their environment, else by their name, else by the namespaces that are deployed to.

    An account that asks before destructive actions is proposed if nothing else tells. An account without a sign is not
    proposed.
    """
    by_account: dict[str, list[TargetUse]] = {}
    for use in uses:
        by_account.setdefault(use.account, []).append(use)
    signs = [_sign_of_account(account, of_account) for account, of_account in by_account.items()]
    if not any(sign.is_production for sign in signs):
        signs = [_sign_of_locations(sign, by_account[sign.account]) for sign in signs]
    if not any(sign.is_production for sign in signs):
        signs = [_sign_of_guard(sign, by_account[sign.account]) for sign in signs]
    signs.sort(key=lambda sign: (not sign.is_production, -sign.deployments, sign.account))
    return ProductionProposal(signs, _locations(signs, by_account))


def _sign_of_account(account: str, uses: list[TargetUse]) -> AccountProposal:
    environment, total = uses[0].environment, sum(use.deployments for use in uses)
    by_environment, by_name = names_production(environment), names_production(account)
    if by_environment is not None:
        return AccountProposal(account, total, by_environment, f"its environment is {environment}")
    if environment:
        return AccountProposal(account, total, by_name is True, f"its environment is {environment}")
    reason = "by its name" if by_name is not None else "no environment, and its name does not say"
    return AccountProposal(account, total, by_name is True, reason)


def _sign_of_locations(sign: AccountProposal, uses: list[TargetUse]) -> AccountProposal:
    production = sorted({use.location for use in uses if use.location and names_production(use.location)})
    if not production or names_production(sign.account) is False:
        return sign
    return sign._replace(is_production=True, reason=f"it has the namespace {production[0]}")


def _sign_of_guard(sign: AccountProposal, uses: list[TargetUse]) -> AccountProposal:
    if not uses[0].guarded or names_production(sign.account) is False:
        return sign
    return sign._replace(is_production=True, reason="it asks before destructive actions")


def _locations(signs: list[AccountProposal], by_account: Mapping[str, list[TargetUse]]) -> list[str]:
    """Return the locations of the proposed accounts that are production, if some are not; one of each is a mixed one.

    Where some are called production the others are not; else those that are called otherwise are left out.
    """
    used = {use.location for sign in signs if sign.is_production for use in by_account[sign.account] if use.location}
    called_so = {location for location in used if names_production(location)}
    others = {location for location in used if names_production(location) is False}
    if not others and (not called_so or not all(_is_by_location(sign) for sign in signs if sign.is_production)):
        return []
    return sorted(called_so or used - others)


def _is_by_location(sign: AccountProposal) -> bool:
    return sign.reason.startswith("it has the namespace")


def propose_tag_patterns(versions: Iterable[str], tags: Iterable[str], existing: Iterable[str]) -> list[str]:
    """Return how tags are called for the versions that were deployed, the most frequent first, without ``existing``.

    A pattern is a name with ``{version}``; versions that no tag contains give none.
    """
    known, counts = {version for version in versions if any(map(str.isdigit, version))}, Counter[str]()
    for tag in tags:
        starts = [0, *(match.end() for match in re.finditer(r"[^0-9A-Za-z.+]|(?<=[a-zA-Z])(?=\d)", tag))]
        for start in starts:
            if tag[start:] in known:
                counts[f"{tag[:start]}{{version}}"] += 1
                break
    return [pattern for pattern, _ in counts.most_common() if pattern not in set(existing)]


def propose_teams(owners: Mapping[str, str | None], globs: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the applications of each team, by the local part of the owner's address; none for what globs have."""
    configured = list(globs)
    teams: dict[str, list[str]] = {}
    for application, owner in sorted(owners.items()):
        team = (owner or "").partition("@")[0].strip().lower()
        if team and not matches(application, configured):
            teams.setdefault(team, []).append(application)
    return dict(sorted(teams.items()))
