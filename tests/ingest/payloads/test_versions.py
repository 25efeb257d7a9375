"""What did not change is not archived again, and a replay still gives what the runs gave."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora.storage import database
from dora.storage.rows.base import CONTENT_BITS, Row
from dora.storage.rows.executions import DeletedExecution, Execution, ExecutionAttempt
from dora.storage.rows.incidents import Incident
from ingest.core.pipeline import pull
from ingest.core.source import AsOf, Dismissed, FileComplete, Item, Request, SourceState, Unreadable, Watermark
from ingest.payloads.archive import Document, list_archives, read_file
from tests.conftest import fresh, opened

NIGHT = datetime(2026, 1, 1, tzinfo=UTC)


class Board:
    """A source of notes, and of runs whose older documents replace no newer ones; what is yielded last counts."""

    name: ClassVar[str] = "board"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items = items

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Board:
        return cls(settings["items"])

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        yield from self.items

    def input(self, document: Document) -> str:
        return f"f:{document.body.decode().partition(' ')[0]}"

    def entity(self, document: Document, rows: Sequence[Row]) -> str:
        return f"{'execution' if isinstance(rows[0], Execution | DeletedExecution) else 'note'}/{rows[0].id}"

    def parse(self, document: Document) -> list[Row]:
        id_, text, progress = document.body.decode().split(" ")
        if document.kind == "gone":
            return [DeletedExecution(id=id_, noticed_at=int(progress))]
        if document.kind == "note":
            return [Incident(id=id_, application="shop", opened_at=0, title=text)]
        run = Execution(id=id_, application="shop", root_id=id_, status=text, revision=int(progress) << CONTENT_BITS)
        failed = [ExecutionAttempt(id=f"{id_}@{progress}", execution_id=id_)] if text == "failed" else []
        return [run, *failed]


def document(kind: str, id_: object, text: str, progress: object = 0) -> Document:
    return Document(kind, f"{id_} {text} {progress}".encode())


def run(data: Path, items: Iterable[Item], *, replaying: bool = False) -> None:
    pull(Board(items), fresh(data), Request(), replaying=replaying)


def read_landing(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return landing without what names the load that wrote it."""
    queries = {table: f'SELECT * EXCLUDE (load_id) FROM "{table}" ORDER BY ALL' for table in database.fact_tables()}
    queries["watermark"] = "SELECT source, stream, value FROM watermark ORDER BY ALL"
    queries["ends"] = "SELECT min(as_of), max(as_of), arg_max(complete_since, load_id) FROM load"
    with opened(data / database.LANDING) as con:
        return {name: con.execute(sql).fetchall() for name, sql in queries.items()}


def replayed(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the landing that the payloads alone give."""
    (data / database.LANDING).unlink()
    run(data, [], replaying=True)
    return read_landing(data)


def archived(data: Path) -> list[list[str]]:
    """Return the documents of each archive as text."""
    archives = [read_file(path) for path in list_archives(data, "board")]
    return [[each.body.decode() for each in archive if isinstance(each, Document)] for archive in archives]


def as_of(day: int) -> AsOf:
    return AsOf(NIGHT.replace(day=day))


def test_an_unchanged_document_is_archived_once(tmp_path: Path) -> None:
    """A second night archives what is new and what changed, and nothing else."""
    first = [document("note", 1, "a"), document("note", 2, "b"), Watermark("s", "1")]
    run(tmp_path, first)
    run(tmp_path, [document("note", 1, "a"), document("note", 2, "B"), document("note", 3, "c"), Watermark("s", "1")])
    assert archived(tmp_path)[1:] == [["2 B 0", "3 c 0"]]


def test_a_night_without_news_leaves_no_file(tmp_path: Path) -> None:
    """If nothing changed, not even the time of the data, there is nothing to archive."""
    items = [document("note", 1, "a"), document("note", 2, "cut"), Unreadable("f:3", "note", "cut"), as_of(1)]
    items += [Document("note", b"bad"), FileComplete("f"), Watermark("s", "1")]
    run(tmp_path, items)
    run(tmp_path, items)
    assert len(archived(tmp_path)) == 1
    before = read_landing(tmp_path)
    assert replayed(tmp_path) == before
    run(tmp_path, items)
    assert len(archived(tmp_path)) == 1, "after a replay landing knows what payloads have"


@pytest.mark.parametrize("between", [document("note", 1, "b"), document("note", 1, "")])
def test_what_came_back_is_archived_again(tmp_path: Path, between: Document) -> None:
    """After A and B, A is a new version: a replay would end with B without it."""
    for item in (document("note", 1, "a"), between, document("note", 1, "a"), document("note", 1, "a")):
        run(tmp_path, [item])
    assert len(archived(tmp_path)) == 3
    before = read_landing(tmp_path)
    assert replayed(tmp_path) == before


def test_a_bad_document_whose_rest_changed_is_archived(tmp_path: Path) -> None:
    """Quarantine has only the beginning of a document; a better parser needs all of the last one."""
    for end in ("x", "y", "y"):
        run(tmp_path, [Document("note", b"1 " + b"a" * 500 + end.encode())])
    assert [text[-1] for (text,) in archived(tmp_path)] == ["x", "y"]


ids = st.integers(1, 2)
items = st.one_of(
    st.builds(document, st.just("note"), ids, st.sampled_from(["a", "b"])),
    st.builds(document, st.just("run"), ids, st.sampled_from(["running", "failed", "succeeded"]), st.integers(1, 2)),
    st.builds(document, st.just("gone"), ids, st.just("-"), st.integers(1, 2)),
    st.builds(lambda n: Document("note", f"{n} bad".encode()), ids),
    st.builds(lambda n, why: Unreadable(f"f:{n}", "note", why), ids, st.sampled_from(["cut", "torn"])),
    st.builds(lambda n: Dismissed(f"f:{n}", NIGHT), ids),
    st.just(FileComplete("f")),
    st.builds(lambda n: Watermark("stream", str(n)), st.integers(0, 2)),
    st.builds(as_of, st.integers(1, 3)),
)
histories = st.lists(st.lists(items, max_size=8), min_size=1, max_size=5)


@given(histories)
@settings(max_examples=12, deadline=None)
def test_a_replay_is_what_the_runs_were(tmp_path_factory: pytest.TempPathFactory, runs: list[list[Item]]) -> None:
    """For any history a replay gives the same rows, quarantine, watermarks, versions and ends of the data."""
    data = tmp_path_factory.mktemp("history")
    for number, each in enumerate(runs):
        run(data, [AsOf(NIGHT.replace(month=2, day=1 + number)), *each])
    before = read_landing(data)
    run(data, [], replaying=True)
    assert read_landing(data) == before
    assert replayed(data) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from dora.storage.database import Load
from ingest.core.pipeline import pull
from ingest.core.source import Request, Watermark
from tests.ingest.payloads.test_versions import Board, document
data, commits = Path(sys.argv[1]), iter(range(2))
commit = Load.commit
def killed(self, *values):
    if next(commits) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    commit(self, *values)
Load.commit = killed
items = [document("note", 1, "b"), document("note", 9, "x"), document("run", 2, "failed", 1), Watermark("s", "2")]
from ingest.core import commit_buffer
commit_buffer.MAX_SECONDS = 0
pull(Board([*items, document("note", 9, "y")]), data, Request())
"""


@pytest.mark.parametrize("commits", [0, 1])
@pytest.mark.parametrize("later", ["a", "b", "c"])
def test_what_a_killed_run_archived_is_landed_by_the_next_one(tmp_path: Path, commits: int, later: str) -> None:
    """Killed between the archive and a commit, landing is behind its archive; the next run lands the rest first."""
    run(tmp_path, [document("note", 1, "a"), Watermark("s", "1")])
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(commits)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [row[1] for row in read_landing(tmp_path)["incident"]] == (["1", "9"] if commits else ["1"])
    run(tmp_path, [document("note", 1, later)])
    after = read_landing(tmp_path)
    assert [row[1] for row in after["incident"]] == ["1", "9"]
    assert after["execution_attempt"], "the run that only the killed night saw is kept"
    assert replayed(tmp_path) == after


def test_a_failed_fetch_archives_what_it_had(tmp_path: Path) -> None:
    """What a fetch yielded before it failed is landed by the next run, though Gate may not tell it again."""

    def fails() -> Iterator[Item]:
        yield from (document("note", 1, "a"), Watermark("s", "1"), document("note", 2, "b"))
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any
        run(tmp_path, fails())
    assert [row[1] for row in read_landing(tmp_path)["incident"]] == ["1"]
    run(tmp_path, [])
    after = read_landing(tmp_path)
    assert [row[1] for row in after["incident"]] == ["1", "2"]
    assert replayed(tmp_path) == after


def test_loads_keep_their_order_if_the_clock_jumps(tmp_path: Path) -> None:
    """The id of a load sorts after that of the last one, though the clock was a year ahead then."""
    data = fresh(tmp_path)
    with database.open_load(data, "board") as load:
        load.con.execute(
            "INSERT INTO load VALUES ('20990101T000000000000-ffffff','board',now(),NULL,NULL,NULL,0,0,[],0)"
        )
    with database.open_load(data, "board") as later:
        assert later.id > "20990101T000000000000-ffffff"
