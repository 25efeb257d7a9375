"""One run over a system of incidents: what was opened or changed since the last run, and what has not ended.

An incident is final only once its system says that it is resolved; even then a later change is read. What landing has
as open and no list shows is read by its id: it may be resolved, deleted, merged, or no incident after all.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, NamedTuple, Protocol

import msgspec

from dora.errors import counted
from dora.storage.database import KnownIncident
from ingest.core.mapping import describe_suggestions, suggest_names
from ingest.core.source import AsOf, Item, Note, PartialFailure, Request, SourceState, Unreadable, Watermark
from ingest.http.session import Session
from ingest.incidents.assignment import AMBIGUOUS, NO_APPLICATION, Assigner
from ingest.incidents.report import IncidentDocument, IncidentReport
from ingest.incidents.settings import IncidentSettings

MAX_NAMES = 8  # of services in a message


class ReadWindow(NamedTuple):
    """What a run asks a stream for: what opened or changed from ``since`` on; ``until`` is now.

    ``is_complete`` says that nothing before is kept, ``known`` has the incidents of landing.
    """

    since: datetime
    until: datetime
    is_complete: bool
    known: Collection[str]


class Tracker(Protocol):
    """What a run needs of a system of incidents; ``IncidentSource`` explains each."""

    kind: ClassVar[str]

    @property
    def settings(self) -> IncidentSettings:
        """The settings."""

    @property
    def assigner(self) -> Assigner:
        """The applications of services."""

    @classmethod
    def section(cls) -> str:
        """Return the section of dora.toml."""

    def streams(self) -> Sequence[str]:
        """Return the parts that are read one by one."""

    def stream_of(self, incident_id: str) -> str:
        """Return the stream of an incident."""

    def open_stream(self, session: Session, stream: str) -> datetime | None:
        """Send the first request, and return the time of the server."""

    def read_changed(self, session: Session, stream: str, window: ReadWindow) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield what opened or changed since then."""

    def read_again(self, session: Session, ids: Sequence[str]) -> Iterator[tuple[str, msgspec.Raw | str]]:
        """Yield these incidents, or why the system has them no longer."""

    def to_report(self, incident_id: str, content: msgspec.Raw) -> IncidentReport:
        """Return what the content of an incident says."""


class Position(NamedTuple):
    """The watermark of a stream: complete from ``since`` to ``until`` by the settings with this fingerprint."""

    since: datetime
    until: datetime
    fingerprint: str

    @classmethod
    def parse(cls, watermark: str) -> Position | None:
        """Return the position of a watermark, null if there is none yet."""
        if not watermark:
            return None
        since, until, fingerprint = watermark.split()
        return cls(datetime.fromisoformat(since), datetime.fromisoformat(until), fingerprint)

    def __str__(self) -> str:
        return f"{self.since.isoformat()} {self.until.isoformat()} {self.fingerprint}"


class IncidentRun:
    """The state of one run over all streams of a source."""

    def __init__(self, source: Tracker, session: Session, request: Request, state: SourceState) -> None:
        self._source, self._session, self._request = source, session, request
        self._watermarks = state.watermarks
        self._known: dict[str, list[KnownIncident]] = {}
        for row in state.incidents:
            self._known.setdefault(row.external_id, []).append(row)
        self._fingerprint = source.settings.fingerprint()
        self._unmapped, self._ambiguous = Counter[str](), dict[str, str]()
        self._positions = {stream: self._read_position(stream) for stream in source.streams()}
        self._unreadable: list[str] | None = None  # in the lists of a stream, as long as these are read

    def read_stream(self, stream: str) -> Iterator[Item]:
        """Yield the incidents of one stream, and its watermark when nothing is missing."""
        earlier = self._positions[stream]
        now = datetime.now(UTC)
        # By the clock that dates the changes; a time to come would skip what happens until then.
        until = min(self._source.open_stream(self._session, stream) or now, now)
        position, start = self._plan(earlier, until)
        listed_ids, self._unreadable = set[str](), []
        window = ReadWindow(start, until, start <= position.since, self._known.keys())
        changed = self._source.read_changed(self._session, stream, window)
        for id_, content in changed:
            listed_ids.add(id_)
            yield from self._to_items(id_, content, position.since)
        missing = self._list_missing(stream, listed_ids, start if window.is_complete else None)
        # What could not be read was perhaps damaged on its way: else it would wait for its next change.
        again = [*missing, *self._unreadable]
        self._unreadable = None
        for id_, content_or_absence in self._source.read_again(self._session, again) if again else ():
            yield from self._to_items(id_, content_or_absence, position.since)
        yield Watermark(_watermark(stream), str(position))
        self._positions[stream] = position

    def _read_position(self, stream: str) -> Position | None:
        return Position.parse(self._watermarks.get(_watermark(stream), ""))

    def _plan(self, earlier: Position | None, until: datetime) -> tuple[Position, datetime]:
        """Return the position after the run, and from when changes are read."""
        settings, requested = self._source.settings, self._request.since
        if earlier is None:
            since = requested or until - timedelta(days=settings.since_days)
            return Position(since, until, self._fingerprint), since
        since = min(filter(None, (earlier.since, requested)))
        start = earlier.until - timedelta(minutes=settings.overlap_minutes)
        if earlier.fingerprint != self._fingerprint:
            start = since  # what an incident is, or whose it is, has changed
        start = min(filter(None, (start, requested)))
        # A clock that was set back must not make the next run skip what lies between.
        return Position(since, max(until, earlier.until), self._fingerprint), start

    def _list_missing(self, stream: str, listed_ids: Collection[str], complete_since: datetime | None) -> list[str]:
        """Return the incidents of landing that no list showed and that may have changed nevertheless.

        After a complete reading from ``complete_since`` these are all since then, else those that are open.
        """
        since = complete_since.timestamp() * 1e6 if complete_since else float("inf")
        return sorted(
            id_
            for id_, rows in self._known.items()
            if id_ not in listed_ids
            and self._source.stream_of(id_) == stream
            and any(row.is_open or (row.counts and row.opened_at >= since) for row in rows)
        )

    def _to_items(self, id_: str, content: msgspec.Raw | str, since: datetime) -> Iterator[Item]:
        """Yield the document of an incident, unless it opened before ``since`` and is new: then others are missing."""
        kind, rows = self._source.kind, self._known.get(id_, [])
        if isinstance(content, str):
            yield IncidentDocument(id=id_, absence=content, former=rows).encode(kind)
            return
        if not id_:
            yield _make_unreadable(kind, content)
            return
        try:
            report = self._source.to_report(id_, content)
        except (ValueError, RecursionError):
            if self._unreadable is not None:
                self._unreadable.append(id_)
                return
        else:
            if not rows and report.opened_at < since.timestamp() * 1e6:
                return
            self._count(report)
        former = [row for row in rows if row.id != id_]
        yield IncidentDocument(id=id_, incident=content, former=former).encode(kind)

    def _count(self, report: IncidentReport) -> None:
        assignment = self._source.assigner.assign(report)
        if assignment.exclusion == NO_APPLICATION:
            self._unmapped[assignment.service] += 1
        elif assignment.exclusion == AMBIGUOUS and assignment.problem:
            self._ambiguous[assignment.service] = assignment.problem

    def end(self) -> Iterator[Item]:
        """Yield up to when the incidents of all streams are known, and the services that have no application."""
        section = self._source.section()
        positions = [position for position in self._positions.values() if position]
        if positions and len(positions) == len(self._positions):
            yield AsOf(min(p.until for p in positions), max(p.since for p in positions))
        if self._unmapped:
            keys, names = self._source.assigner.services.keys, self._unmapped.most_common(MAX_NAMES)
            listed = [
                f"{name} ({counted(count, 'incident')}{describe_suggestions(suggest_names(name, keys))})"
                for name, count in names
            ]
            more = len(self._unmapped) - len(names)
            yield Note(
                f"services without an application, whose incidents are kept and not counted: {', '.join(listed)}"
                f"{f' and {more:,} more' if more else ''}."
                f" Next: name them in services or ignore of {section}; the next run then reads them again."
            )
        for problem in list(self._ambiguous.values())[:MAX_NAMES]:
            yield PartialFailure(
                f"The service {problem}; its incidents are kept and not counted."
                f" Next: write it out in services of {section}; the next run then reads them again."
            )


def _watermark(stream: str) -> str:
    return f"incidents/{stream}" if stream else "incidents"


def _make_unreadable(kind: str, content: msgspec.Raw) -> Unreadable:
    text = bytes(content)
    return Unreadable(
        f"{kind}/{hashlib.sha256(text).hexdigest()[:16]}", kind, "it has no id", text[:200].decode("utf-8", "replace")
    )
