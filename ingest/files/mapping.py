"""Read an export of any system: where each of our columns is in it, and what its words mean here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ingest.core.mapping import GlobMapping, suggest_names
from ingest.files.records import LISTS


class Constant(NamedTuple):
    """A value that every line has."""

    value: str


_EMPTY: tuple[Any, ...] = (None, "", [])
Place = str | Constant  # a column, else the path of keys to a nested value, such as ``creator.login``


class ExportMapping:
    """The columns and values of one kind of file.

    ``columns`` has the places of each of our columns; the first that is not empty counts. ``values`` has by column what
    each word or glob means; a word that none matches stays. Columns without an entry have the name that they have here.
    """

    def __init__(self, columns: Mapping[str, Sequence[Place]], values: Mapping[str, GlobMapping]) -> None:
        self._columns, self._values = columns, values

    def __bool__(self) -> bool:
        return bool(self._columns or self._values)

    def read_cells(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the cells of a line by our columns. Raises ``ValueError`` if a word means two things."""
        if not self:
            return dict(cells)
        own = {name: value for name, value in cells.items() if name not in self._columns}
        # A column that the file does not have is absent, which says less than an empty one.
        mapped = {
            name: self._find_value(name, places, cells)
            for name, places in self._columns.items()
            if any(_is_there(place, cells) for place in places)
        }
        return {name: self._translate(name, value) for name, value in {**own, **mapped}.items()}

    def rename_columns(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that a file has by our names, and those that are read as none of ours."""
        columns = list(columns)
        mapped = [name for name, places in self._columns.items() if any(_is_there(place, columns) for place in places)]
        return mapped + [name for name in columns if name not in self._columns]

    def list_sources(self, columns: Collection[str]) -> set[str]:
        """Return the columns of a file that some column of ours is read from."""
        places = (place for places in self._columns.values() for place in places if isinstance(place, str))
        return {place if place in columns else place.partition(".")[0] for place in places}

    def find_missing(self, columns: Sequence[str]) -> list[str]:
        """Return each column of ours whose places a file has not, with the nearest of its columns."""
        missing = [
            name for name, places in self._columns.items() if not any(_is_there(place, columns) for place in places)
        ]
        return [f"{name} = {self._describe(name, columns)}" for name in missing]

    def _describe(self, name: str, columns: Sequence[str]) -> str:
        places = [place for place in self._columns[name] if isinstance(place, str)]
        nearest = suggest_names(places[0], columns, 1) if places else []
        return f"{places[0]!r}" + (f" (did you mean {nearest[0]!r}?)" if nearest else "")

    def _find_value(self, name: str, places: Sequence[Place], cells: Mapping[str, Any]) -> Any:
        """Return the first value that is not empty; of a list, its first item unless our column holds a list."""
        for place in places:
            value = place.value if isinstance(place, Constant) else _get(cells, place)
            items = value if isinstance(value, list) and name not in LISTS else [value]
            if (first := next((item for item in items if item not in _EMPTY), None)) is not None:
                return first
        return None

    def _translate(self, name: str, value: Any) -> Any:
        mapping = self._values.get(name)
        if mapping is None or value is None:
            return value
        if isinstance(value, list):
            return [self._translate(name, item) for item in value]
        meaning = mapping.find(str(value).strip())
        return value if meaning is None else meaning


def _get(cells: Mapping[str, Any], place: str) -> Any:
    """Return the value of a column, else of a path of keys; in a list of objects, those of each."""
    if place in cells:
        return cells[place]
    value: Any = cells
    for key in place.split("."):
        if isinstance(value, list):
            value = [item.get(key) for item in value if isinstance(item, Mapping)]
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _is_there(place: Place, columns: Collection[str]) -> bool:
    return isinstance(place, Constant) or place in columns or ("." in place and place.partition(".")[0] in columns)
