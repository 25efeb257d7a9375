"""The columns of a table, read from the fields of its class."""

from __future__ import annotations

from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from dora.storage.rows.base import Provenance, Row, Stored, Table

_STORED = {
    str: Stored("VARCHAR"),
    bool: Stored("BOOLEAN"),
    float: Stored("DOUBLE"),
    int: Stored("BIGINT"),
    list[str]: Stored("VARCHAR[]"),
    list[float]: Stored("DOUBLE[]"),
}


class Column(NamedTuple):
    """One column of landing, with its meaning in one sentence."""

    name: str
    stored: Stored
    nullable: bool
    meaning: str


def read_columns(table: type[Table]) -> list[Column]:
    """Return the columns of a table in order. Raises ``TypeError`` for a field without a known type or a meaning."""
    columns = _read_fields(table)
    if not issubclass(table, Row):
        return columns
    source, load_id = _read_fields(Provenance)
    (key,) = [column for column in columns if column.name == "id"]
    return [source, key, load_id, *(column for column in columns if column != key)]


def _read_fields(struct: type[Table | Provenance]) -> list[Column]:
    hints = get_type_hints(struct, include_extras=True)
    return [_read_field(f"{struct.__name__}.{name}", hints[name]) for name in struct.__struct_fields__]


def _read_field(field: str, hint: Any) -> Column:
    parts = _flatten(hint)
    stored = next((part for part in parts if isinstance(part, Stored)), _STORED.get(parts[0]))
    if stored is None or not isinstance(parts[-1], str):
        raise TypeError(f"{field} has no known type or no meaning: {hint}")
    return Column(field.partition(".")[2], stored, NoneType in parts, parts[-1])


def _flatten(hint: Any) -> list[Any]:
    """Return the types and notes of an annotation, outer notes last."""
    if get_origin(hint) is Annotated or NoneType in get_args(hint):
        return [part for inner in get_args(hint) for part in _flatten(inner)]
    return [hint]
