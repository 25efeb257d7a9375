"""What to ask of Gate, and in which order: applications, each application, then what no search shows.

Executions that had not completed when last seen are fetched by id until they have, as are those that failed of late
and may have been restarted, and those of deleted pipelines and of strategies by pipeline: all applications together,
since requests are what Gate limits.

A restart is noticed by the next run if it has not completed then, however old the execution is: each application is
asked what has not completed. If it began and ended between two runs it is noticed where the execution had failed or
been canceled and was built within ``restart_days`` before the last run, or lies within the overlap. Else it is not:
``--since`` reads history again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial

import msgspec

from dora.errors import DoraError, UsageError, counted
from ingest.core.archive import Document
from ingest.core.source import AsOf, Item, Note, PartialFailure, Progress, Request, SourceState, Watermark
from ingest.http.session import FailedError, ForbiddenError
from ingest.spinnaker.client.again import IDS, again, disabled, unsearched
from ingest.spinnaker.client.application import Reading, Run
from ingest.spinnaker.client.coverage import DAY
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.paging import details
from ingest.spinnaker.client.parallel import merged
from ingest.spinnaker.client.refetch import PENDING, Children
from ingest.spinnaker.model.coerce import COMPLETE
from ingest.spinnaker.settings import Settings

READERS = 4
RECENT = 14 * DAY
RESTARTABLE = frozenset({"failed", "canceled"})


class Fetch:
    """One run against one Gate."""

    def __init__(self, gate: Gate, settings: Settings, request: Request, state: SourceState) -> None:
        self._gate, self._settings, self._request, self._state = gate, settings, request, state
        self._failures: list[DoraError] = []
        self._closed: list[str] = []
        self._read: dict[str, Reading] = {}
        self._now = 0
        known = {id_ for id_, _, _, status, _ in state.recent_executions if status in COMPLETE}
        self._children = Children(state.watermarks.get(PENDING), known)

    def items(self) -> Iterator[Item]:
        """Everything that is asked for, and what that started in turn.

        An application that can not be read is a trouble of the run; where none can, its error is raised.
        """
        yield from self._children.heard(self._listed())
        met = {id_ for reading in self._read.values() for id_ in reading.seen.ids} | self._changeable()
        met.update(id_ for id_, _ in self._state.unfinished_executions)
        yield from self._children.unmet(self._gate, met, self._now)

    def _listed(self) -> Iterator[Item]:
        known, date = self._gate.applications()
        as_of = date or datetime.now(UTC)
        self._now = int(as_of.timestamp() * 1000)
        yield AsOf(as_of)
        yield from self._hidden(known)
        names = self._wanted(known)
        yield from (Document("application", known[name]) for name in names)
        yield from self._accounts()
        yield from merged([partial(self._application, name) for name in names], READERS)
        yield from self._refused(names)
        if names and len(self._failures) == len(names):
            raise self._failures[0]
        yield from self._unsearched()
        yield from self._disabled()
        yield from again(self._gate, sorted(self._changeable()), self._now)
        yield from self._elsewhere(known)

    def _hidden(self, known: dict[str, bytes]) -> Iterator[Item]:
        """Say once which applications the last run was shown and this one is not."""
        shown = [name for name in sorted(known) if _matches(name, self._settings.applications)]
        before = msgspec.json.decode(self._state.watermarks.get("applications", "[]"), type=list[str])
        lost = [name for name in before if name not in known and _matches(name, self._settings.applications)]
        if lost:
            yield PartialFailure(
                f"Gate no longer shows {len(lost)} of {len(before)} applications: {', '.join(lost)};"
                " they were deleted, or the READ permission was."
            )
        once = {name for _, name in self._state.pipelines if _matches(name, self._settings.applications)}
        if gone := sorted(once.difference(known, lost)):
            yield Note(f"{counted(len(gone), 'application')} of old still hidden or deleted: `dora doctor` names them")
        yield Watermark("applications", msgspec.json.encode(shown).decode())

    def _wanted(self, known: dict[str, bytes]) -> list[str]:
        names = [name for name in sorted(known) if _matches(name, self._settings.applications)]
        if not self._request.applications:
            return names
        wanted = [name for name in names if _matches(name, self._request.applications)]
        if not wanted:
            raise UsageError(
                f"Gate shows no application {', '.join(self._request.applications)}; nothing was fetched.",
                "check the name, `applications` in [sources.spinnaker], and the token's READ permission.",
            )
        return wanted

    def _accounts(self) -> Iterator[Item]:
        try:
            yield from (Document("account", body) for body in self._gate.accounts())
        except (FailedError, ForbiddenError) as error:
            yield Progress(f"accounts: {error.happened}")

    def _application(self, name: str) -> Iterator[Item]:
        reading = Reading(Run(self._gate, self._settings, self._request, self._state, self._now), name)
        try:
            yield from reading.items()
            self._read[name] = reading
        except ForbiddenError as error:
            self._failures.append(error)
            self._closed.append(name)
        except FailedError as error:
            self._failures.append(error)
            yield PartialFailure(f"application {name}: {error.happened}")

    def _refused(self, names: Sequence[str]) -> Iterator[Item]:
        """Say in one sentence what Gate shows and yet does not let us read; raises where that is everything."""
        if not self._closed:
            return
        says = f"Gate refuses {len(self._closed)} of {len(names)} applications (403): {', '.join(sorted(self._closed))}"
        if len(self._closed) == len(names):
            raise ForbiddenError(f"{says}; nothing new was landed.", "ask for READ permission on them.")
        yield PartialFailure(f"{says}; ask for READ permission on them")

    def _unsearched(self) -> Iterator[Item]:
        """Executions of strategies, and of pipelines that are configured no longer."""
        wanted = {id_: reading.since for reading in self._read.values() for id_ in reading.strategies}
        for pipeline, name in self._state.pipelines:
            reading = self._read.get(name)
            if reading and pipeline not in {*reading.live, *reading.strategies} and self._lately_deleted(pipeline):
                wanted[pipeline] = reading.since
                if f"deleted/{pipeline}" not in self._state.watermarks:
                    yield Watermark(f"deleted/{pipeline}", str(self._now))
        try:
            for listed in unsearched(self._gate, wanted):
                for reading in self._read.values():
                    reading.seen.ids.add(listed.id)
                yield Document("execution", listed.body)
        except (FailedError, ForbiddenError) as error:
            yield PartialFailure(f"executions of deleted pipelines and strategies: {error.happened}")

    def _disabled(self) -> Iterator[Item]:
        """Executions of disabled pipelines that run again; those that their application listed are read already."""
        ids = sorted(id_ for reading in self._read.values() for id_, off in reading.live.items() if off)
        met = {id_ for reading in self._read.values() for id_ in reading.seen.ids}
        try:
            yield from (Document("execution", one.body) for one in disabled(self._gate, ids) if one.id not in met)
        except (FailedError, ForbiddenError) as error:
            yield PartialFailure(f"restarts of disabled pipelines may be unnoticed: {error.happened}")

    def _elsewhere(self, known: Collection[str]) -> Iterator[Item]:
        """What had not completed of applications that are not read: something that is read started it."""
        globs = self._settings.applications
        ids = sorted(
            id_ for id_, name in self._state.unfinished_executions if name not in known or not _matches(name, globs)
        )
        for start in range(0, len(ids), IDS):
            found = details(self._gate, ids[start : start + IDS])
            yield from (Document("execution", listed.body) for listed in found)

    def _lately_deleted(self, pipeline: str) -> bool:
        """Whether Gate may still give what it ran between the last run and its end: for 14 days."""
        return self._now - int(self._state.watermarks.get(f"deleted/{pipeline}", self._now)) <= RECENT

    def _changeable(self) -> set[str]:
        """Executions that were not met, and may have changed since the last run saw them."""
        span = self._settings.restart_days * DAY
        last = {name: (reading.seen.after or self._now) - span for name, reading in self._read.items()}
        asked: set[tuple[str, str]] = set(self._state.unfinished_executions)
        for id_, name, _, status, at in self._state.recent_executions:
            if status in RESTARTABLE and at >= last.get(name, self._now):
                asked.add((id_, name))
        return {id_ for id_, name in asked if name in self._read and id_ not in self._read[name].seen.ids}


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
