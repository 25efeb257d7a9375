"""What every row is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

Micros = int | None


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a landing table; ``id`` is unique within its source."""

    table: ClassVar[str] = ""
    id: str


@dataclass(frozen=True)
class Columns:
    """Many rows of one landing table at once: of each column the values, or the one value of all rows.

    A column that is not named is null. Raises ``ValueError`` where a list has another length than ``count``.
    """

    table: str
    count: int
    values: Mapping[str, object]

    def __post_init__(self) -> None:
        for name, values in self.values.items():
            if isinstance(values, list | np.ndarray) and len(values) != self.count:
                raise ValueError(f"{len(values)} values of {name} in {self.count} rows of {self.table}")
