"""How much disk a run may need, and how much is free."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from dora.errors import DoraError

MIN_FREE = 256 << 20  # bytes, for the payloads of one run
_FILES = ("landing.duckdb", "dora.duckdb")


class Space(NamedTuple):
    """Bytes that are free, and that a run may need."""

    free: int
    needed: int

    def __str__(self) -> str:
        return f"{self.free >> 20:,} MB are free, a run may need {self.needed >> 20:,} MB"


def measure_space(data: Path) -> Space:
    """Return the space on the disk of a data folder, or of the folder in which it will be made."""
    folder = next((folder for folder in (data, *data.resolve().parents) if folder.is_dir()), Path("/"))
    # A run writes the new dora.duckdb beside the old one, and landing.duckdb may double.
    needed = MIN_FREE + 2 * sum(file.stat().st_size for file in (data / name for name in _FILES) if file.exists())
    return Space(shutil.disk_usage(folder).free, needed)


def require_space(data: Path) -> None:
    """Raise ``DoraError`` if the disk has less space than a run may need."""
    space = measure_space(data)
    if space.free < space.needed:
        raise DoraError(f"The disk of {data} is almost full: {space}; nothing was changed.", "free some space.")
