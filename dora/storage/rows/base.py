"""What a row of landing is, and the types of its columns.

A column is one annotated field: its Python type, which names its SQL type, and one sentence of meaning. It may be null
if its type allows None. Times are UTC, in microseconds since 1970-01-01. A status is one of those of ``execution``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec


class Stored(NamedTuple):
    """How a column is stored if its Python type does not say it."""

    type: str
    compression: str = ""  # a clause of CREATE TABLE


Text = str | None
Texts = list[str] | None
Flag = bool | None
Number = float | None
Numbers = list[float] | None
Int32 = Annotated[int, Stored("INTEGER")]
HugeInt = Annotated[int, Stored("HUGEINT")]
Time = Annotated[int, Stored("TIMESTAMP")]  # a float would round its microseconds
Micros = Time | None
# Commit ids are random: compressing them takes as long as the rest of loading a history.
_UNCOMPRESSED = " USING COMPRESSION uncompressed"
RandomText = Annotated[str, Stored("VARCHAR", _UNCOMPRESSED)]
OptionalRandomText = Annotated[str | None, Stored("VARCHAR", _UNCOMPRESSED)]
RandomTexts = Annotated[list[str], Stored("VARCHAR[]", _UNCOMPRESSED)]
# The lowest bits of a revision tell two documents of equal progress apart; the others order them.
CONTENT_BITS = 19
Revision = Annotated[
    int, "Progress of the document that this row comes from, and a hash of it; only rows of the latest one count."
]


class Table(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the table that the class is named after; the docstring of a class becomes the table's comment."""

    table: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.table = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Row(Table, frozen=True, kw_only=True):
    """One row of a source, merged by ``(source, id)``; a row replaces none of a document that had come further."""

    id: Annotated[str, "Identifier of the row, unique within its source."]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """The columns that a load adds to each row of a source."""

    source: Annotated[str, "Name of the source in the settings; source and id are the key."]
    load_id: Annotated[str, "Load that last changed the row."]
