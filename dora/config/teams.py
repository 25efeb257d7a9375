"""Which team an application belongs to, and since when: by ``[teams]`` of dora.toml, else by what its source says.

A team has globs of application names, or tables with ``match`` and the local days ``since`` (included) and ``until``
(excluded). If several match, the last one in the settings wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from itertools import pairwise
from typing import NamedTuple

import msgspec

from dora import periods
from dora.config.patterns import matches
from dora.config.settings import Config
from dora.config.validation import convert

BEGINNING, END = datetime.min, datetime.max  # stand for -infinity and infinity


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of a team: a glob of application names, and the days in which it applies."""

    match: str
    since: date | None = None
    until: date | None = None


class Rule(NamedTuple):
    """A team has the applications that match one glob from ``since`` up to, and without, ``until`` (UTC)."""

    team: str
    match: str
    since: datetime
    until: datetime


class Membership(NamedTuple):
    """The team of one application from ``since`` up to, and without, ``until`` (UTC); None if it has no team."""

    team: str | None
    since: datetime
    until: datetime


def read_rules(config: Config) -> list[Rule]:
    """Return the rules of ``[teams]``, in order. Raises ``UsageError`` for an invalid entry."""
    expected = 'write a list of globs and of tables such as { match = "glob", since = 2026-07-01 }.'
    rules = []
    for team, members in config.teams.items():
        for member in convert(members, list[str | Member], f"[teams] {team}", expected=expected):
            entry = Member(member) if isinstance(member, str) else member
            since, until = (
                periods.to_utc(datetime.combine(day, time()), config.timezone) if day else None
                for day in (entry.since, entry.until)
            )
            rules.append(Rule(team, entry.match, since or BEGINNING, until or END))
    return rules


def list_memberships(rules: Sequence[Rule], application: str, default: str | None) -> list[Membership]:
    """Return the teams of an application from beginning to end, without gaps; ``default`` if no rule matches."""
    matching = [rule for rule in rules if matches(application, [rule.match])]
    edges = sorted({BEGINNING, END, *(edge for rule in matching for edge in (rule.since, rule.until))})
    memberships: list[Membership] = []
    for since, until in pairwise(edges):
        teams = [rule.team for rule in matching if rule.since <= since and until <= rule.until]
        team = teams[-1] if teams else default
        if memberships and memberships[-1].team == team:  # one membership per team, not per edge
            memberships[-1] = memberships[-1]._replace(until=until)
        else:
            memberships.append(Membership(team, since, until))
    return memberships
