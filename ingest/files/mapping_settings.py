"""Read ``columns`` and ``values`` of ``[sources.files]``: for all kinds of files, or below the name of one kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dora.errors import suggest
from ingest.core.mapping import GlobMapping
from ingest.files.kinds.catalogue import KINDS
from ingest.files.mapping import Constant, ExportMapping, Place

_MAPPED = {name: kind for name, kind in KINDS.items() if kind.required_columns}  # an event is a nested object


def read_mappings(columns: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, ExportMapping]:
    """Return the mapping of each kind of files. Raises ``ValueError`` for an unknown column or a wrong value."""
    columns_by_kind, values_by_kind = _split_kinds("columns", columns), _split_kinds("values", values)
    return {
        kind: ExportMapping(
            {name: _read_places(name, value) for name, value in columns_by_kind[kind].items()},
            {name: _read_words(name, value) for name, value in values_by_kind[kind].items()},
        )
        for kind in _MAPPED
    }


def _split_kinds(key: str, table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of each kind: those for all that it has a column for, then its own."""
    known = {column for kind in _MAPPED.values() for column in kind.columns}
    general = {name: value for name, value in table.items() if name not in _MAPPED}
    _check_names(key, general, known | _MAPPED.keys())
    by_kind = {}
    for name, kind in _MAPPED.items():
        own = table.get(name, {})
        if not isinstance(own, Mapping):
            raise ValueError(f"{key}.{name} must be a table")
        _check_names(f"{key}.{name}", own, kind.columns)
        by_kind[name] = {column: value for column, value in general.items() if column in kind.columns} | dict(own)
    return by_kind


def _check_names(key: str, table: Mapping[str, Any], known: Any) -> None:
    for name in table:
        if name not in known:
            raise ValueError(f"{key} has {name}, which is no column of ours: {suggest(name, known)}")


def _read_places(name: str, value: Any) -> Sequence[Place]:
    """Return the places of a column: a name, a list of names, or ``{ value = "shop" }``."""
    places = [_read_place(item) for item in (value if isinstance(value, list) else [value])]
    if not places or None in places:
        raise ValueError(f'columns.{name} must be the name of a column, a list of names or {{ value = "…" }}')
    return [place for place in places if place is not None]


def _read_place(value: Any) -> Place | None:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Mapping) and set(value) == {"value"} and isinstance(value["value"], str | int | float):
        return Constant(str(value["value"]))
    return None


def _read_words(name: str, value: Any) -> GlobMapping:
    if not isinstance(value, Mapping) or not all(isinstance(meaning, str) for meaning in value.values()):
        raise ValueError(f"values.{name} must be a table of words and their meanings")
    try:
        return GlobMapping(value)
    except ValueError as error:
        raise ValueError(f"values.{name}: {error}") from None
