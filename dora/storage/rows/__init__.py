"""The tables of landing: a class is a table, a field of it a column, with type, nullability and meaning.

This is the only place that says so. Ingest fills the classes, ``dora.storage.schema`` makes their tables and comments.
"""

from __future__ import annotations

from types import ModuleType
from typing import TypeVar

from dora.storage.rows import bookkeeping, canaries, changes, events, executions, incidents, inventory
from dora.storage.rows.base import Row, Table

_T = TypeVar("_T", bound=Table)
_TOPICS = (inventory, executions, canaries, changes, incidents, events, bookkeeping)


def _classes(base: type[_T], topic: ModuleType) -> list[type[_T]]:
    members = [member for member in vars(topic).values() if isinstance(member, type) and issubclass(member, base)]
    return [member for member in members if member.__module__ == topic.__name__]


TABLES: dict[str, type[Table]] = {table.table: table for topic in _TOPICS for table in _classes(Table, topic)}
FACT_TABLES: dict[str, type[Row]] = {row.table: row for topic in _TOPICS for row in _classes(Row, topic)}
