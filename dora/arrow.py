"""The import of pyarrow."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


class _NoPandas:
    """An import hook that reports pandas as missing."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


@cache
def import_pyarrow() -> Any:
    """Import pyarrow without pandas: its first array would import it (0.4 s, 55 MB) to test for data frames."""
    import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that `dora --help` need not pay

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NoPandas)
    return pa
