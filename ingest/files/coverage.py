"""Up to when the files of a run are complete, and how their times without an offset are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dora.errors import counted
from ingest.core.source import AsOf, Item, Note
from ingest.files.settings import Settings
from ingest.files.timestamps import EPOCH, Timestamp


class TimesRead:
    """The times of the files of one run.

    An export says what had happened when it was made: its newest time, or what its first line or the settings say,
    whichever is later. A file that is not exported again is not known up to the day on which it is read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._as_of = _not_in_future(settings.complete_until)
        self._newest_in_file: int | None = None
        self._local = self._ambiguous = 0

    def add(self, times: Iterable[Timestamp], *, of_note: bool = False) -> None:
        """Add the times of one line; those of a note may be in the future and say nothing of deployments."""
        for time in times:
            if not of_note:
                self._newest_in_file = max(time, self._newest_in_file or time)
            self._local += time.is_local
            self._ambiguous += time.is_ambiguous

    def end_file(self, path: Path, stated: datetime | None) -> None:
        """End a file whose first line states that it is complete up to an instant, if it does."""
        ends = [self._as_of, _not_in_future(stated)]
        if self._newest_in_file is not None:
            newest = EPOCH + timedelta(microseconds=self._newest_in_file)
            # A clock that is wrong can not have written what was not there yet.
            ends.append(min(newest, datetime.fromtimestamp(path.stat().st_mtime, UTC)))
        self._as_of = max(filter(None, ends), default=None)
        self._newest_in_file = None

    def end_archive(self, latest: datetime) -> None:
        """End the files of an archive, the last of which were read at an instant."""
        if self._newest_in_file is not None:
            self._as_of = min(EPOCH + timedelta(microseconds=self._newest_in_file), latest)

    def items(self) -> Iterator[Item]:
        """Yield the as-of time of the run, if anything has a time, and notes."""
        if self._as_of:
            yield AsOf(self._as_of, self._settings.complete_since)
        if self._local and not self._settings.timezone:
            times = counted(self._local, "time")
            yield Note(f"{times} without an offset are read as UTC; set `timezone` in [sources.files] if they are not")
        if self._ambiguous:
            times, zone = counted(self._ambiguous, "time"), self._settings.timezone
            yield Note(f"{times} in hours that {zone} repeats or skips are read as the first of two; export offsets")


def _not_in_future(moment: datetime | None) -> datetime | None:
    return min(moment, datetime.now(UTC)) if moment else None
