"""When rows and the marks that make them whole are committed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dora.storage import database
from ingest.core import commit_buffer
from ingest.core.commit_buffer import BATCH, Waiting
from tests.conftest import fresh


class Desk:
    """A load, rows for it, and what it has committed."""

    def __init__(self, load: database.Load) -> None:
        self.load, self.waiting, self.told = load, Waiting(load, None), 0

    def add(self, count: int = 1) -> None:
        names = ("source", "load_id", "application")
        constant = dict(zip(names, ("desk", self.load.id, "shop"), strict=True)) | {"opened_at": datetime.now(UTC)}
        rows = [constant | {"id": str(self.told + n)} for n in range(count)]
        self.told += count
        self.waiting.add({"incident": pa.Table.from_pylist(rows, schema=self.load.schema("incident"))})

    def committed(self) -> tuple[int, dict[str, str]]:
        return self.load.held().get("incident", 0), self.load.watermarks()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with database.open_load(fresh(tmp_path), "desk") as load:
        yield Desk(load)


def test_marks_wait_a_while_and_are_committed_with_their_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end within seconds of each other make one commit; when the time is up, the next mark makes it."""
    desk.add()
    desk.waiting.mark("a", "1")
    desk.add()
    desk.waiting.mark("a", "2")
    assert desk.committed() == (0, {})
    monkeypatch.setattr(commit_buffer, "monotonic", lambda: float("inf"))
    desk.waiting.mark("b", "1")
    assert desk.committed() == (2, {"a": "2", "b": "1"})


def test_what_no_mark_made_whole_is_left_behind(desk: Desk) -> None:
    """Where a run fails, rows after the last mark are not committed; where it ends well they are."""
    desk.add(2)
    desk.waiting.mark("a", "1")
    desk.add()
    desk.waiting.commit_marked()
    assert desk.committed() == (2, {"a": "1"})
    desk.waiting.commit()
    assert desk.committed() == (3, {"a": "1"})


def test_a_full_batch_does_not_wait(desk: Desk) -> None:
    """Rows are committed without a mark where they are many, with it where the mark completes them."""
    desk.add(BATCH - 1)
    assert desk.committed() == (0, {})
    desk.add()
    assert desk.committed() == (BATCH, {})
    desk.waiting.mark("a", "1")
    assert desk.committed() == (BATCH, {})
    desk.waiting.commit()
    assert desk.committed() == (BATCH, {"a": "1"})
