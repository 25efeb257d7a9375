"""Which team an application belonged to, and when: by the settings, else by what its source says.

A team holds globs of application names, or tables with ``match`` and the local days ``since`` (included) and ``until``
(not) between which it held them. Where several match, the last one in the settings wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dora import periods
from dora.config.patterns import matches
from dora.errors import UsageError

if TYPE_CHECKING:
    from dora.config.settings import Config
    from dora.storage.database import Connection

EVER, NEVER_ENDS = datetime.min, datetime.max
KEYS = {"match", "since", "until"}
Stretch = tuple[str | None, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Rule:
    """A team holds applications that match one glob from ``since`` up to ``until``, UTC instants."""

    team: str
    match: str
    since: datetime
    until: datetime


def rules(config: Config) -> list[Rule]:
    """The settings' teams; raises ``UsageError`` for what means nothing."""
    return [rule for team, members in config.teams.items() for rule in _of(team, members, config.timezone)]


def _of(team: str, members: object, zone: str) -> Iterator[Rule]:
    if not isinstance(members, list):
        raise UsageError(f"[teams] {team} must be a list of globs.", "mend dora.toml.")
    for member in members:
        given = {"match": member} if isinstance(member, str) else member
        if not isinstance(given, dict) or set(given) - KEYS or not isinstance(given.get("match"), str):
            wanted = 'a glob, or { match = "glob", since = 2026-07-01 }'
            raise UsageError(f"[teams] {team} has {member!r}, which is no {wanted}.", "mend dora.toml.")
        yield Rule(team, given["match"], _moment(given, "since", EVER, zone), _moment(given, "until", NEVER_ENDS, zone))


def _moment(given: Mapping[str, Any], key: str, otherwise: datetime, zone: str) -> datetime:
    """The local midnight that begins a day."""
    day = given.get(key)
    if day is None:
        return otherwise
    try:
        read = day if isinstance(day, date) else date.fromisoformat(day)
    except (TypeError, ValueError):
        raise UsageError(f"[teams] {key} = {day!r} is no day.", "give a date such as 2026-07-01.") from None
    return periods.to_utc(datetime.combine(read, time()), zone)


def stretches(named: Sequence[Rule], application: str, otherwise: str | None) -> list[Stretch]:
    """An application's teams in order, without a hole from ever to for ever; ``otherwise`` where no rule holds it."""
    holding = [rule for rule in named if matches(application, [rule.match])]
    edges = sorted({EVER, NEVER_ENDS, *(edge for rule in holding for edge in (rule.since, rule.until))})
    found: list[Stretch] = []
    for since, until in pairwise(edges):
        teams = [rule.team for rule in holding if rule.since <= since and until <= rule.until]
        team = teams[-1] if teams else otherwise
        if found and found[-1][0] == team:
            found[-1] = (team, found[-1][1], until)
        else:
            found.append((team, since, until))
    return found


def write(con: Connection, named: Sequence[Rule], known: Mapping[str, str | None]) -> dict[str, str | None]:
    """Create ``memberships`` (application, team, since, until) and return each application's team of today."""
    con.execute("CREATE TABLE memberships (application VARCHAR, team VARCHAR, since TIMESTAMP, until TIMESTAMP)")
    told = {application: stretches(named, application, team) for application, team in known.items()}
    rows = [[application, *stretch] for application, stretch_list in told.items() for stretch in stretch_list]
    if rows:
        con.executemany(
            "INSERT INTO memberships SELECT $1, $2, CASE WHEN $3 = $5 THEN '-infinity'::TIMESTAMP ELSE $3 END,"
            " CASE WHEN $4 = $6 THEN 'infinity'::TIMESTAMP ELSE $4 END",
            [[*row, EVER, NEVER_ENDS] for row in rows],
        )
    return {application: stretch_list[-1][0] for application, stretch_list in told.items()}
