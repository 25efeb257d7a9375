"""What one line of a file says, in fields of the right types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, tzinfo
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, ClassVar, TypeVar, get_args

import msgspec

from dora.storage.rows.base import CONTENT_BITS, Row
from ingest.files.identities import Identities, RowIds
from ingest.files.timestamps import Timestamp

STATUSES = ("succeeded", "failed", "canceled", "in_progress")
# What ends each item of columns that may hold a list: one name with a space is one name.
LISTS = {"parents": " ", "applications": " "} | dict.fromkeys(("teams", "reviewers", "approvers", "labels"), "; ")
# Words of GitHub, GitLab, Jenkins, Azure, Bitbucket, Helm, Argo CD and Spinnaker. Words that do not say whether the
# deployment serves (completed, stopped, unstable, skipped) are absent: only the settings can.
_STATUS_WORDS = {
    "succeeded": "success successful ok passed deployed",
    "failed": "failure fail error errored terminal timed_out timedout timeout",
    "canceled": "cancelled aborted abort killed",
    "in_progress": "inprogress running started pending queued executing deploying",
}
STATUS_BY_WORD = {word: status for status, words in _STATUS_WORDS.items() for word in (status, *words.split())}


class Conventions(msgspec.Struct, frozen=True):
    """How the lines of a source are meant.

    ``zone`` is that of times without an offset, ``time_format`` how they are written if not by ISO 8601, as for
    ``strptime``. ``statuses`` are the meanings of the source's own words.
    """

    zone: tzinfo = UTC
    statuses: Mapping[str, str] = {}
    time_format: str | None = None

    def convert(self, cls: type[Any], text: str) -> object:
        """Return a cell as a time or as a word, which is one of the type's own ``words``; raises ``ValueError``."""
        return Timestamp(text, self.zone, self.time_format) if cls is Timestamp else cls.parse(text, self)


class Word(str):
    """One of some words, in any case."""

    words: ClassVar[tuple[str, ...]]
    hint: ClassVar[str] = ""  # what to do about another word

    @classmethod
    def parse(cls, text: str, conventions: Conventions) -> Word:
        """Return the word that a cell means; raises ``ValueError`` if it is none."""
        word = cls.translate_word(normalize_word(text), conventions)
        if word not in cls.words:
            raise ValueError(f"{text!r} is none of {', '.join(cls.words)}{cls.hint}")
        return cls(word)

    @classmethod
    def translate_word(cls, word: str, conventions: Conventions) -> str:
        """Return the word that another one stands for."""
        return word


class Kind(Word):
    """The kind of a deployment."""

    words = ("release", "hotfix", "config", "promotion", "rollback", "redeploy")


class Status(Word):
    """The status of a deployment, also by the word of another tool or of the settings."""

    words = STATUSES
    hint = ": say in `statuses` of [sources.files] which it means"

    @classmethod
    def translate_word(cls, word: str, conventions: Conventions) -> str:
        """Return the status that a word of the settings or of another tool stands for."""
        return conventions.statuses.get(word) or STATUS_BY_WORD.get(word, word)


def normalize_word(text: str) -> str:
    """Return a word as it is compared: without case, with underscores."""
    return text.strip().casefold().replace("-", "_").replace(" ", "_")


class KnownRows(msgspec.Struct, frozen=True):
    """The landing rows of one source whose systems may repeat ids."""

    deployments: Identities
    incidents: Identities


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line; its fields are the columns of its kind of file, those without a default the required ones."""

    is_note: ClassVar[bool] = False  # written by people; its times do not say up to when the files are complete

    @property
    def skipped(self) -> str | None:
        """What kind of line it is if it is none that is read."""
        return None

    @property
    def remark(self) -> str | None:
        """What people should know about lines like it, after their number."""
        return None

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        raise NotImplementedError

    @property
    def is_final(self) -> bool:
        """Whether it has ended; an older export does not turn what has ended into something that runs."""
        return True

    @property
    def revision(self) -> int:
        """The progress of its rows."""
        return int(self.is_final) << CONTENT_BITS

    @property
    def times(self) -> Iterator[Timestamp]:
        """Every time that it tells."""
        return (value for name in self.__struct_fields__ if isinstance(value := getattr(self, name), Timestamp))

    def assign_ids(self, rows: KnownRows) -> RowIds | None:
        """Return the ids of its row; null if they are those of the line."""
        return None

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing rows; ``ids`` are those that ``assign_ids`` returned."""
        raise NotImplementedError


T = TypeVar("T", bound=Record)


def read_record(record: type[T], cells: Mapping[str, Any], conventions: Conventions) -> T:
    """Return a line as a record; raises ``ValueError`` with the column that is wrong."""
    columns = record.__struct_fields__
    texts = {name: _to_text(name, value) for name, value in cells.items() if name in columns}
    if empty := [name for name in _non_empty_columns(record) if texts.get(name) is None]:
        raise ValueError(f"{', '.join(empty)} must not be empty")
    return msgspec.convert(texts, record, dec_hook=conventions.convert)


def required_columns(record: type[Record]) -> list[str]:
    """Return the columns that a file of this record must have."""
    return [field.name for field in msgspec.structs.fields(record) if field.required]


@cache
def _non_empty_columns(record: type[Record]) -> list[str]:
    fields = msgspec.structs.fields(record)
    return [field.name for field in fields if field.required and NoneType not in get_args(field.type)]


def _to_text(name: str, value: Any) -> str | None:
    """Return a cell as text without surrounding blanks; empty is null, of a list each item has its end."""
    if isinstance(value, list) and name in LISTS:
        items = filter(None, (_to_text(f"an item of {name}", item) for item in value))
        return "".join(f"{item}{LISTS[name]}" for item in items).strip() or None
    # Parquet and JSON writers turn an integer column with nulls into floats.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | date | None):
        raise ValueError(f"{name} must be text or a number, not {type(value).__name__}")
    return None if value is None else str(value).strip() or None
