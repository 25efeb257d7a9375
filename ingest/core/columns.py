"""Rows that come as columns, for histories too long for one object a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


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
