"""landing.duckdb is as large as what it holds, however often that changes."""

from __future__ import annotations

from pathlib import Path

from dora.storage.database import LANDING, open_load
from tests.dora.storage.test_database import AS_OF, incidents

NIGHTS = 12


def test_nights_that_add_no_rows_leave_landing_no_larger(tmp_path: Path) -> None:
    """A load writes changed rows beside the old ones, whose space the next load takes."""
    sizes = [change_all(tmp_path, night) for night in range(NIGHTS)]
    assert sizes[0] < 1_000_000, "some thirty tables, of which most are empty"
    assert max(sizes[NIGHTS // 2 :]) <= max(sizes[: NIGHTS // 2])
    assert max(sizes) < 2 * sizes[0]


def change_all(data: Path, night: int) -> int:
    """Land a hundred incidents with other titles than before; return the size of the file."""
    with open_load(data, "test") as load:
        load.commit(incidents(load, {str(number): f"{night} {number}" for number in range(100)}), {"a": str(night)})
        load.finish(AS_OF, 100, 0, [])
    return (data / LANDING).stat().st_size
