"""Every rollback, or the zero with what it rests on: how much was deployed, by whom, and how far history was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from dora import periods
from dora.errors import counted
from dora.query.lists import Row, list_rows, run_analysis
from dora.query.metric import build_info, compute_metric
from dora.query.value import Scope
from dora.render import text as wording
from dora.statistics.intervals import Limits, wilson
from dora.storage.database import Connection

NAMED, SHORT = 5, 9


@dataclass(frozen=True, slots=True)
class Rollbacks:
    """The rollbacks of a scope, the latest first, and what bounds them.

    ``deployments`` (releases, hotfixes and configurations that took traffic) of ``applications``; ``idle`` names those
    without any. ``limits`` are of the share rolled back, 95 %. Moments are local: ``complete_since`` is from when all
    history of the applications was seen, ``watched_since`` from when it was read as it happened and not in hindsight;
    ``incomplete`` says what is missing in the window. ``attempts`` never took traffic.
    """

    rows: list[Row]
    since: datetime | None
    until: datetime | None
    deployments: int
    applications: int
    idle: list[str]
    attempts: int
    limits: Limits | None
    complete_since: datetime | None
    watched_since: datetime | None
    incomplete: str | None
    timezone: str

    def lines(self) -> list[Row]:
        """Each as one line for people: when, what was taken back after how long, by whom and why."""
        return [_line(row) for row in self.rows]

    @property
    def sentences(self) -> list[str]:
        """The answer in words, a zero with its coverage."""
        told = [_answer(self), _coverage(self), _hindsight(self), _idle(self)]
        if self.attempts:
            told.append(
                f"{counted(self.attempts, 'rollback')} never took traffic and {_is(self.attempts)} not counted."
            )
        return [sentence for sentence in told if sentence]

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora rollbacks --json`` prints it."""
        return {**asdict(self), "sentences": self.sentences}


def list_rollbacks(con: Connection, scope: Scope) -> Rollbacks:
    """The rollbacks of a scope. Raises ``UsageError`` for an application, team or moment that does not exist."""
    rows, base, about = (
        list_rows(con, "rollbacks", scope),
        run_analysis(con, "deployed", scope),
        build_info(con),
    )
    deployments = sum(row["deployments"] for row in base)

    def local(moment: datetime | None) -> datetime | None:
        return periods.to_local(moment, about["timezone"]) if moment else None

    def asked(text: str | None, default: datetime | None) -> datetime | None:
        return periods.parse_moment(text, about["timezone"], about["as_of"]) if text else local(default)

    return Rollbacks(
        rows=[row | {"local_time": local(row["happened_at"])} for row in rows],
        since=asked(scope.since, _edge(base, "first_at", min)),
        until=asked(scope.until, about["as_of"]),
        deployments=deployments,
        applications=sum(1 for row in base if row["deployments"]),
        idle=[row["application"] for row in base if not row["deployments"]],
        attempts=sum(row["attempts"] for row in base),
        limits=wilson(min(len(rows), deployments), deployments),
        complete_since=local(_edge(base, "complete_since", max)),
        watched_since=local(_edge(base, "watched_since", max)),
        incomplete=compute_metric(con, "deployment_frequency", scope)[0].incomplete,
        timezone=about["timezone"],
    )


def _line(row: Row) -> Row:
    undone = row["undone_commit"] or row["undone_version"] or ""
    restored = row["restored_commit"] or row["restored_version"] or ""
    served = row["served_minutes"]
    return {
        "when": f"{row['local_time']:%Y-%m-%d %H:%M}",
        "application": row["application"],
        "took back": undone[:SHORT] or None,
        "which had served": None if served is None else wording.quantity(served / 60, "hours"),
        "for": restored[:SHORT] or None,
        "by": f"{row['triggered_by'] or 'nobody named'}{' by hand' if row['by_hand'] else ''}",
        "pipeline": row["pipeline"],
        "reason": row["reason"] or "not told",
        "execution": row["url"],
    }


def _edge(base: list[Row], name: str, of: Any) -> datetime | None:
    found: datetime | None = of((row[name] for row in base if row[name]), default=None)
    return found


def _answer(told: Rollbacks) -> str:
    if not told.deployments and not told.rows:
        return "Nothing was deployed, so nothing could be rolled back."
    among = f"among {counted(told.deployments, 'deployment')} of {counted(told.applications, 'application')}"
    span = ""
    if told.since and told.until:
        days = round(periods.Period(told.since, told.until).days)
        span = f" in {counted(days, 'day')} ({wording.days(told.since, told.until)})"
    told_of = f"{counted(len(told.rows), 'rollback')}{span} {among}"
    if told.limits is None:
        return f"{told_of}."
    low, high = (wording.quantity(limit, "share") for limit in told.limits)
    if not told.rows:
        return f"{told_of}: at most {high} of deployments are rolled back (95 %)."
    share = wording.quantity(len(told.rows) / told.deployments, "share")
    most = Counter(row["application"] for row in told.rows).most_common()
    by = _first([f"{name} {count}" for name, count in most])
    return f"{told_of}: {share} (95 % {low} to {high}). By application: {by}."


def _coverage(told: Rollbacks) -> str:
    if told.incomplete:
        return f"History is not complete: {told.incomplete}."
    if told.complete_since is None:
        return "No source says from when on it told everything."
    whole = f"History of all of them is complete since {wording.days(told.complete_since)}"
    if told.since and told.complete_since.date() > told.since.date():
        return f"{whole}, later than the window begins."
    return f"{whole}."


def _hindsight(told: Rollbacks) -> str:
    if told.watched_since is None or (told.since and told.watched_since <= told.since):
        return ""
    return (
        f"What happened before {wording.days(told.watched_since)} was read in hindsight on that day: operations by hand"
        " that the source had forgotten by then would be missing."
    )


def _idle(told: Rollbacks) -> str:
    if not told.idle:
        return ""
    return f"{counted(len(told.idle), 'application')} deployed nothing: {_first(told.idle)}."


def _first(names: Sequence[str]) -> str:
    """The first of some names, and how many there are besides."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
