"""When rows and the watermarks that cover them are committed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dora.storage import database
from ingest.core import commit_buffer
from ingest.core.commit_buffer import MAX_ROWS, CommitBuffer
from tests.conftest import fresh


class BufferedLoad:
    """A load with its commit buffer, and how much it has committed."""

    def __init__(self, load: database.Load) -> None:
        self.load, self.buffer, self.added = load, CommitBuffer(load, None), 0

    def add(self, count: int = 1) -> None:
        names = ("source", "load_id", "application")
        constant = dict(zip(names, ("source", self.load.id, "shop"), strict=True)) | {"opened_at": datetime.now(UTC)}
        rows = [constant | {"id": str(self.added + n), "revision": 0} for n in range(count)]
        self.added += count
        self.buffer.add({"incident": pa.Table.from_pylist(rows, schema=self.load.schema("incident"))})

    def committed(self) -> tuple[int, dict[str, str]]:
        state = database.SourceState.read(self.load.con, self.load.source)
        return database.count_rows(self.load.con, self.load.source).get("incident", 0), dict(state.watermarks)


@pytest.fixture
def buffered(tmp_path: Path) -> Iterator[BufferedLoad]:
    with database.open_load(fresh(tmp_path), "source") as load:
        yield BufferedLoad(load)


def test_watermarks_are_committed_with_their_rows(buffered: BufferedLoad, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end within seconds share one commit; after the time limit the next watermark commits."""
    buffered.add()
    buffered.buffer.set_watermark("a", "1")
    buffered.add()
    buffered.buffer.set_watermark("a", "2")
    assert buffered.committed() == (0, {})
    monkeypatch.setattr(commit_buffer, "monotonic", lambda: float("inf"))
    buffered.buffer.set_watermark("b", "1")
    assert buffered.committed() == (2, {"a": "2", "b": "1"})


def test_rows_after_the_last_watermark(buffered: BufferedLoad) -> None:
    """They are committed if the run succeeds, and not if it fails."""
    buffered.add(2)
    buffered.buffer.set_watermark("a", "1")
    buffered.add()
    buffered.buffer.commit_covered()
    assert buffered.committed() == (2, {"a": "1"})
    buffered.buffer.commit()
    assert buffered.committed() == (3, {"a": "1"})


def test_a_full_buffer_is_committed(buffered: BufferedLoad) -> None:
    """Many rows are committed without a watermark; one that follows is committed later."""
    buffered.add(MAX_ROWS - 1)
    assert buffered.committed() == (0, {})
    buffered.add()
    assert buffered.committed() == (MAX_ROWS, {})
    buffered.buffer.set_watermark("a", "1")
    assert buffered.committed() == (MAX_ROWS, {})
    buffered.buffer.commit()
    assert buffered.committed() == (MAX_ROWS, {"a": "1"})
