"""One pull, from a fetch to landing rows: archive, commits, crashes, replay."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora.errors import LockedError
from dora.storage import database
from dora.storage.rows.base import Row
from dora.storage.rows.executions import Execution
from dora.storage.rows.incidents import Incident
from ingest import sources
from ingest.core.commit_buffer import MAX_ROWS
from ingest.core.pipeline import Summary, pull
from ingest.core.source import AsOf, Item, PartialFailure, Progress, Request, SourceState, Unreadable, Watermark
from ingest.payloads.archive import Document, read_archive
from tests.conftest import fresh, opened
from tests.conftest import landed as query

FIRST, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


class Board:
    """A small real source: notes on a board, each an incident; ``stream`` counts them."""

    name: ClassVar[str] = "board"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, items: Iterable[Item]) -> None:
        self.items, self.state = items, SourceState()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Board:
        return cls(settings["items"])

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        self.state = state
        yield from self.items

    def parse(self, document: Document) -> list[Row]:
        note = msgspec.json.decode(document.body)
        if document.kind == "run":
            return [Execution(id=note["id"], application="shop", root_id=note["id"], status=note["status"])]
        return [Incident(id=note["id"], application="shop", opened_at=int(note["at"]), title=note.get("title"))]


def note(id: object, title: str = "", at: object = 1_760_000_000_000_000) -> Document:
    return Document("note", msgspec.json.encode({"id": str(id), "at": at, "title": title}))


def run(data: Path, items: Iterable[Item], *, replaying: bool = False) -> Summary:
    return pull(Board(items), fresh(data), Request(), replaying=replaying)


def read_contents(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all of landing that does not depend on the load: rows, watermarks and the latest as-of."""
    queries = {table: f'SELECT * EXCLUDE (load_id) FROM "{table}" ORDER BY ALL' for table in database.fact_tables()}
    queries["watermark"] = "SELECT source, stream, value FROM watermark ORDER BY ALL"
    queries["as_of"] = "SELECT max(as_of) FROM load"
    with opened(data / database.LANDING) as con:
        return {name: con.execute(sql).fetchall() for name, sql in queries.items()}


# --- documents become rows ------------------------------------------------------------------------


def test_a_pull_lands_rows(tmp_path: Path) -> None:
    """Documents become rows under the source's name, and the summary counts them."""
    summary = run(tmp_path, [note(1, "a"), note(2, "b"), AsOf(FIRST)])
    assert query(tmp_path, "SELECT source, id, title FROM incident ORDER BY id") == [
        ("board", "1", "a"),
        ("board", "2", "b"),
    ]
    assert (summary.documents, summary.quarantined, summary.partial_failures, summary.as_of) == (2, 0, [], FIRST)
    assert summary.tables == {"incident": {"new": 2, "changed": 0, "unchanged": 0}}
    assert query(tmp_path, "SELECT load_id, documents FROM load") == [(summary.load_id, 2)]


def test_twice_is_once(tmp_path: Path) -> None:
    """A second pull of the same documents changes nothing."""
    run(tmp_path, [note(1, "a"), note(2, "b"), Watermark("stream", "2"), AsOf(FIRST)])
    before = read_contents(tmp_path)
    again = run(tmp_path, [note(1, "a"), note(2, "b"), Watermark("stream", "2"), AsOf(FIRST)])
    assert read_contents(tmp_path) == before
    assert again.tables["incident"] == {"new": 0, "changed": 0, "unchanged": 2}


def test_a_bad_document_is_quarantined_and_the_rest_proceeds(tmp_path: Path) -> None:
    """A document that does not parse is quarantined with its reason and an excerpt; the others are landed."""
    bad = [Document("note", b"<html>"), note("x", at="yesterday"), Document("note", b"[" * 100_000)]
    summary = run(tmp_path, [note(1), *bad, note(2), Watermark("stream", "2")])
    assert [row[0] for row in query(tmp_path, "SELECT id FROM incident ORDER BY id")] == ["1", "2"]
    quarantined = query(tmp_path, "SELECT kind, reason, excerpt FROM quarantine")
    assert len(quarantined) == summary.quarantined == 3
    assert {kind for kind, *_ in quarantined} == {"note"}
    assert any("yesterday" in reason for _, reason, _ in quarantined)
    assert all(reason and len(excerpt) <= 400 for _, reason, excerpt in quarantined)
    assert query(tmp_path, "SELECT documents, quarantined FROM load") == [(5, 3)]


def test_the_same_bad_document_is_one_row(tmp_path: Path) -> None:
    """Quarantine is merged like any fact: a document that fails every night has one row."""
    for _ in range(2):
        run(tmp_path, [Document("note", b"<html>")])
    assert query(tmp_path, "SELECT count(*) FROM quarantine") == [(1,)]


def test_an_unreadable_input_is_quarantined_under_its_own_name(tmp_path: Path) -> None:
    """An input that can not become a document is counted, under the name that the source gives it."""
    summary = run(tmp_path, [Unreadable("f.csv:3", "line", "cut"), note(1)])
    assert query(tmp_path, "SELECT id, kind, reason FROM quarantine") == [("f.csv:3", "line", "cut")]
    assert (summary.documents, summary.quarantined) == (1, 1)


def test_partial_failures_are_recorded_and_the_rest_proceeds(tmp_path: Path) -> None:
    """A part that could not be fetched is listed in the summary and in the load."""
    summary = run(tmp_path, [PartialFailure("application a: 500"), note(1)])
    assert summary.partial_failures == ["application a: 500"]
    assert query(tmp_path, "SELECT partial_failures FROM load") == [(["application a: 500"],)]
    assert query(tmp_path, "SELECT count(*) FROM incident") == [(1,)]


def test_progress_is_only_reported(tmp_path: Path) -> None:
    """Progress is passed to the reporter and not archived."""
    reported: list[str] = []
    pull(Board([Progress("page 1"), note(1)]), tmp_path, Request(), report=reported.append)
    assert reported == ["page 1"]
    assert [document.kind for document in read_archive(tmp_path, "board") if isinstance(document, Document)] == ["note"]


def test_as_of_is_the_latest_of_the_source(tmp_path: Path) -> None:
    """Of several clocks the latest counts; without one it is unknown."""
    assert run(tmp_path, [AsOf(LATER), AsOf(FIRST)]).as_of == LATER
    assert query(tmp_path, "SELECT as_of FROM load") == [(LATER.replace(tzinfo=None),)]
    assert run(tmp_path, []).as_of is None


def test_a_source_gets_its_state(tmp_path: Path) -> None:
    """The next fetch gets the watermarks and the unfinished executions."""
    runs = [("1", "running"), ("2", "succeeded"), ("3", "not_started")]
    items = [Document("run", msgspec.json.encode({"id": id, "status": status})) for id, status in runs]
    run(tmp_path, [*items, Watermark("stream", "3"), Watermark("other", "x")])
    board = Board([])
    pull(board, tmp_path, Request())
    assert board.state.watermarks == {"stream": "3", "other": "x"}
    assert board.state.unfinished_executions == [("1", "shop"), ("3", "shop")]


# --- what a crash leaves --------------------------------------------------------------------------


class BoardError(Exception):
    """A fetch that fails."""


def fail_after(count: int, watermark_every: int) -> Iterator[Item]:
    for number in range(1, count + 1):
        yield note(number)
        if number % watermark_every == 0:
            yield Watermark("stream", str(number))
    raise BoardError


def test_a_crash_in_a_fetch_keeps_rows_up_to_the_watermark(tmp_path: Path) -> None:
    """Rows up to the last watermark are committed with it; later ones are not."""
    with pytest.raises(BoardError):
        run(tmp_path, fail_after(10, watermark_every=4))
    assert query(tmp_path, "SELECT value FROM watermark") == [("8",)]
    assert query(tmp_path, "SELECT count(*) FROM incident") == [(8,)]
    assert query(tmp_path, "SELECT finished_at IS NULL FROM load") == [(True,)]


def test_a_watermark_is_never_ahead_of_its_rows(tmp_path: Path) -> None:
    """Full batches are committed during the run, but no watermark moves before the source sets it."""
    with pytest.raises(BoardError):
        run(tmp_path, fail_after(2 * MAX_ROWS + 5, watermark_every=10**6))
    assert query(tmp_path, "SELECT count(*) FROM incident") == [(2 * MAX_ROWS,)]
    assert query(tmp_path, "SELECT count(*) FROM watermark") == [(0,)]


def test_a_run_after_a_crash_equals_a_run_without_one(tmp_path: Path) -> None:
    """A crash and a repeated run give the same rows and watermarks as one successful run."""
    good = [*(note(n) for n in range(1, 11)), Watermark("stream", "10"), AsOf(FIRST)]
    with pytest.raises(BoardError):
        run(tmp_path / "crashed", fail_after(7, watermark_every=3))
    run(tmp_path / "crashed", good)
    run(tmp_path / "smooth", good)
    assert read_contents(tmp_path / "crashed")["incident"] == read_contents(tmp_path / "smooth")["incident"]
    assert read_contents(tmp_path / "crashed")["watermark"] == read_contents(tmp_path / "smooth")["watermark"]


def test_a_crash_frees_the_lock(tmp_path: Path) -> None:
    """After a failed pull the next one is not refused."""
    with pytest.raises(BoardError):
        run(tmp_path, fail_after(1, watermark_every=1))
    assert run(tmp_path, [note(1)]).documents == 1


def test_two_pulls_at_once(tmp_path: Path) -> None:
    """A pull during a pull is refused at once, and the first one ends well."""

    def read_during_load() -> Iterator[Item]:
        yield note(1)
        with pytest.raises(LockedError):
            run(tmp_path, [note(2)])
        yield note(3)

    assert run(tmp_path, read_during_load()).tables["incident"]["new"] == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from dora.storage.database import Load
from ingest.files import SOURCE
from ingest.core.pipeline import pull
from ingest.core.source import Request
def killed(*_): os.kill(os.getpid(), signal.SIGKILL)
Load.commit = killed
data = Path(sys.argv[1])
pull(SOURCE.from_settings({}, data), data, Request(paths=(Path(sys.argv[2]),)))
"""


def test_a_payload_is_archived_before_its_rows_are_committed(tmp_path: Path) -> None:
    """Killed between the archive and the commit, every payload is there, and a replay lands it."""
    file = tmp_path / "incidents.csv"
    file.write_text("id,application,opened_at,resolved_at\n1,shop,2026-01-01T00:00Z,\n2,shop,2026-01-02T00:00Z,\n")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "data"), str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert query(tmp_path / "data", "SELECT count(*) FROM incident") == [(0,)]
    source = sources()["files"].from_settings({}, tmp_path / "data")
    summary = pull(source, tmp_path / "data", Request(), replaying=True)
    assert (summary.documents, summary.tables["incident"]["new"], summary.partial_failures) == (2, 2, [])


def test_large_documents_do_not_pile_up(tmp_path: Path) -> None:
    """A load of many megabytes is several frames, so that reading it again needs little memory."""
    big = [note(n, title=chr(65 + n) * (3 << 20)) for n in range(8)]
    run(tmp_path, [*big, AsOf(FIRST)])
    (path,) = (tmp_path / "payloads").rglob("*.zst")
    assert path.read_bytes().count(b"\x28\xb5\x2f\xfd") >= 8
    assert [document for document in read_archive(tmp_path, "board") if isinstance(document, Document)][:8] == big


# --- ends -----------------------------------------------------------------------------------------


class InterruptedBoard(Board):
    """Notes with a watermark after each fifty; then the fetch raises ``end``."""

    def __init__(self, end: type[BaseException]) -> None:
        super().__init__([])
        self.end = end

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        for number in range(1, 331):
            yield note(number, "x" * 100_000)
            if number % 50 == 0:
                yield Watermark("stream", str(number))
        raise self.end


@pytest.mark.parametrize("end", [BoardError, KeyboardInterrupt])
def test_rows_and_watermark_stay_together_however_a_fetch_ends(tmp_path: Path, end: type[BaseException]) -> None:
    """Rows up to the last watermark are landed with it, and no later ones."""
    with pytest.raises(end):
        pull(InterruptedBoard(end), tmp_path, Request())
    assert query(tmp_path, "SELECT count(*) FROM incident") == [(300,)]
    assert query(tmp_path, "SELECT value FROM watermark") == [("300",)]


# --- replay ---------------------------------------------------------------------------------------


def rebuild(data: Path) -> Summary:
    (data / database.LANDING).unlink()
    return run(data, [], replaying=True)


def test_replay_rebuilds_the_same_landing(tmp_path: Path) -> None:
    """The payloads alone give the same rows, quarantine, watermarks and as-of."""
    run(tmp_path, [note(1, "a"), note(2, "b"), Document("note", b"bad"), Watermark("stream", "2"), AsOf(FIRST)])
    run(tmp_path, [note(2, "B"), Unreadable("line 3", "note", "cut", "x,"), Watermark("stream", "3"), AsOf(LATER)])
    before = read_contents(tmp_path)
    summary = rebuild(tmp_path)
    assert read_contents(tmp_path) == before
    assert (summary.documents, summary.quarantined, summary.as_of) == (4, 2, LATER)


events = st.one_of(
    st.builds(note, st.integers(1, 4), st.sampled_from(["a", "b", "c"])),
    st.builds(lambda n: Watermark("stream", str(n)), st.integers(0, 9)),
    st.builds(lambda n: Unreadable(f"line {n}", "note", "cut"), st.integers(1, 3)),
    st.just(Document("note", b"{")),
)


@given(st.lists(st.lists(events, max_size=8), min_size=1, max_size=3))
@settings(max_examples=8, deadline=None)
def test_replay_is_the_same_for_any_history(tmp_path_factory: pytest.TempPathFactory, runs: list[list[Item]]) -> None:
    """A replay gives the same landing for any sequence of runs."""
    data = tmp_path_factory.mktemp("history")
    for items in runs:
        run(data, [*items, AsOf(FIRST)])
    before = read_contents(data)
    rebuild(data)
    assert read_contents(data) == before


def test_replay_onto_existing_rows_changes_nothing(tmp_path: Path) -> None:
    """A replay with the same parser changes no row, and archives nothing again."""
    run(tmp_path, [note(1, "a"), Watermark("stream", "1"), AsOf(FIRST)])
    before, files = read_contents(tmp_path), sorted((tmp_path / "payloads").rglob("*"))
    assert run(tmp_path, [], replaying=True).tables["incident"] == {"new": 0, "changed": 0, "unchanged": 1}
    assert read_contents(tmp_path) == before
    assert sorted((tmp_path / "payloads").rglob("*")) == files


def test_a_better_parser_needs_no_fetch(tmp_path: Path) -> None:
    """A document that an old parser refused is landed when a better one replays the archive."""

    class Better(Board):
        def parse(self, document: Document) -> list[Row]:
            return super().parse(Document("note", document.body.replace(b'"yesterday"', b"1760000000000000")))

    run(tmp_path, [note(1, at="yesterday")])
    assert query(tmp_path, "SELECT count(*) FROM incident") == [(0,)]
    pull(Better([]), tmp_path, Request(), replaying=True)
    assert query(tmp_path, "SELECT id FROM incident") == [("1",)]


def test_replay_of_a_damaged_archive_is_partial(tmp_path: Path) -> None:
    """Damage is a partial failure of the run: other loads are read, and the file is named."""
    run(tmp_path, [note(1), AsOf(FIRST)])
    (payload,) = (tmp_path / "payloads").rglob("*.zst")
    run(tmp_path, [note(2), AsOf(FIRST)])
    payload.write_bytes(payload.read_bytes().replace(b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xff", 1))
    summary = rebuild(tmp_path)
    assert [payload.name in failure for failure in summary.partial_failures] == [True]
    assert query(tmp_path, "SELECT id FROM incident") == [("2",)]


# --- the folder of sources ------------------------------------------------------------------------


def test_sources_are_registered_by_their_modules() -> None:
    """Each source has its own name, and takes only options of a request."""
    by_name = sources()
    assert {"files", "git", "spinnaker"} <= set(by_name)
    for name, source in by_name.items():
        assert source.name == name
        assert source.takes <= set(Request.__struct_fields__)
