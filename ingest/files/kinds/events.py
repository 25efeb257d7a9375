"""Files of events: what people note because it may explain the numbers."""

from __future__ import annotations

import re
from typing import ClassVar

from dora.storage.rows import events
from dora.storage.rows.base import Row
from ingest.files.identities import RowIds
from ingest.files.records import Conventions, Record, Word
from ingest.files.timestamps import Timestamp


class Moment(Timestamp):
    """A time, or a day, which is its beginning."""

    @classmethod
    def parse(cls, text: str, conventions: Conventions) -> Moment:
        """Return the time that a cell means; raises ``ValueError`` if it is none."""
        is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
        return cls(f"{text}T00:00" if is_day else text, conventions.zone)


class EventKind(Word):
    """The kind of an event."""

    words: ClassVar[tuple[str, ...]] = ("freeze", "migration", "reorganisation", "template", "other")

    @classmethod
    def translate_word(cls, word: str, conventions: Conventions) -> str:
        """Return the kind in British spelling."""
        return word.replace("organiz", "organis")


class Event(Record, frozen=True, kw_only=True):
    """One line of ``events``; it concerns its applications and teams, and without them the whole organisation."""

    is_note: ClassVar[bool] = True

    id: str
    at: Moment
    title: str
    until: Moment | None = None
    applications: str | None = None
    teams: str | None = None
    kind: EventKind | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.at:
            raise ValueError("until is before at")

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        return self.id

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing row."""
        return [
            events.Event(
                id=self.id,
                began_at=self.at,
                ended_at=self.until,
                kind=self.kind or "other",
                title=self.title,
                applications=_split(r"[\s,;]+", self.applications),
                teams=_split(r"[,;]", self.teams),  # their names may have spaces
                url=self.url,
            )
        ]


def _split(separator: str, names: str | None) -> list[str] | None:
    return list(dict.fromkeys(name.strip() for name in re.split(separator, names or "") if name.strip())) or None
