"""The base of all rows, rows as columns, and the row of an input that could not be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

Micros = int | None  # microseconds since 1970-01-01 UTC: a float would round them


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the landing table that the class is named after; ``id`` is unique within its source."""

    table: ClassVar[str]
    id: str

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.table = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True)
class Columns:
    """Many rows of one landing table, column by column.

    ``values`` has for each column a list, an array, or one value for all rows; a column that is absent is null. Raises
    ``ValueError`` if a list has another length than ``count``.
    """

    table: str
    count: int
    values: Mapping[str, object]

    def __post_init__(self) -> None:
        for name, values in self.values.items():
            if isinstance(values, list | np.ndarray) and len(values) != self.count:
                raise ValueError(f"{len(values)} values of {name} in {self.count} rows of {self.table}")


class Quarantine(Row, frozen=True, kw_only=True):
    """One document or row that could not be read, with the reason."""

    kind: str
    reason: str
    excerpt: str | None = None
    resolved_at: Micros = None
