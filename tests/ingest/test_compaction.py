"""Compaction removes what a replay does not need, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora.errors import DoraError
from dora.storage import database
from ingest.compaction import compact_archives
from ingest.core.pipeline import pull
from ingest.core.source import AsOf, Item, Request, Watermark
from ingest.payloads.archive import list_archives, load_id
from ingest.payloads.backup import back_up
from tests.ingest.payloads.test_versions import Board, archived, document, items, read_landing, replayed, run

BEFORE, START = date(2026, 4, 1), datetime(2026, 1, 5, tzinfo=UTC)


def night(data: Path, number: int, inputs: list[Item]) -> None:
    """Run a night, and let its archive be of a past day: there are six nights a month."""
    at = START + timedelta(days=31 * (number // 6) + number % 6)
    known = list_archives(data, "board")
    run(data, [AsOf(at), *inputs])
    for path in set(list_archives(data, "board")) - set(known):
        name = f"{at:%Y%m%dT%H%M%S%f}{load_id(path)[-7:]}.ndjson.zst"
        folder = path.parents[1] / f"{at:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / name)
        path.parent.rmdir()
        with database.connect(data / database.LANDING) as con:
            values = [load_id(folder / name), load_id(path)]
            con.execute("UPDATE load SET load_id = $1 WHERE load_id = $2", values)


def compact(data: Path, before: date = BEFORE, seconds: float = 60) -> int:
    return compact_archives(Board(), data, before, seconds)


def loads(data: Path) -> list[tuple[Any, ...]]:
    with database.connect(data / database.LANDING, read_only=True) as con:
        return con.execute("SELECT load_id, as_of FROM load WHERE as_of IS NOT NULL ORDER BY ALL").fetchall()


@given(st.lists(st.lists(items, max_size=8), min_size=1, max_size=9))
@settings(max_examples=6, deadline=None)
def test_a_replay_is_the_same_after_compaction(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[Item]]
) -> None:
    """For any history, compacted once, twice, or with nights after it, the payloads give the same landing."""
    data = tmp_path_factory.mktemp("history")
    for number, each in enumerate(runs[:-1]):
        night(data, number, each)
    compact(data, date(2026, 2, 1))
    night(data, len(runs), runs[-1])
    before = read_landing(data)
    archives = len(list_archives(data, "board"))
    assert archives - compact(data) == len(list_archives(data, "board")) <= 3
    assert compact(data) == 0
    assert replayed(data) == before
    night(data, len(runs) + 1, runs[0])
    after = read_landing(data)
    assert replayed(data) == after


def test_superseded_versions_leave_and_their_own_rows_stay(tmp_path: Path) -> None:
    """Of the versions of a document the last stays, and the one whose failed attempt a restart erased."""
    versions = [("running", 1), ("failed", 2), ("running", 3), ("succeeded", 4)]
    for number, (status, progress) in enumerate(versions):
        night(tmp_path, number, [document("run", 1, status, progress), Watermark("s", str(number))])
    before, known = read_landing(tmp_path), loads(tmp_path)
    assert compact(tmp_path) == 3
    ((first, *others),) = archived(tmp_path)
    texts = [text for text in (first, *others) if "{" not in text]
    assert texts == ["1 failed 2", "1 succeeded 4"]
    assert sum("stream" in text for text in others) == 1
    assert replayed(tmp_path) == before
    assert set(known) <= set(loads(tmp_path)), "each load keeps the end of its data"


def test_months_that_are_not_over_stay(tmp_path: Path) -> None:
    """Only whole months that are older are compacted, one file each; a night has a limit of time."""
    for number in range(14):
        night(tmp_path, number, [document("note", number, "a")])
    assert compact(tmp_path, date(2026, 2, 28), seconds=-1) == 0
    assert compact(tmp_path, date(2026, 2, 28)) == 5
    folders = [path.parent.name for path in list_archives(tmp_path, "board")]
    assert folders[0] == "2026-01"
    assert len(folders) == 9
    assert len(list((tmp_path / "payloads" / "board").iterdir())) == 9, "no empty folder is left"


def test_a_crash_between_the_new_file_and_the_old_ones_is_harmless(tmp_path: Path) -> None:
    """Old archives beside the compacted one replay to the same landing, and the next night removes them."""
    for number in range(4):
        night(tmp_path, number, [document("run", 1, "failed", number), document("note", 1, str(number % 2))])
    before, old = read_landing(tmp_path), {path: path.read_bytes() for path in list_archives(tmp_path, "board")}
    compact(tmp_path)
    for path, body in old.items():  # as if the run had been killed before it removed one
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
    assert replayed(tmp_path) == before
    assert compact(tmp_path) == 4
    assert replayed(tmp_path) == before


def test_a_damaged_archive_is_left(tmp_path: Path) -> None:
    """Nothing is removed where a document can not be read."""
    for number in range(3):
        night(tmp_path, number, [document("note", number, "a")])
    path = list_archives(tmp_path, "board")[1]
    path.write_bytes(path.read_bytes()[:12] + b"\xff" + path.read_bytes()[13:])
    with pytest.raises(DoraError, match="no payload was removed"):
        compact(tmp_path)
    assert len(list_archives(tmp_path, "board")) == 3


def test_a_backup_follows_a_compaction(tmp_path: Path) -> None:
    """The copies of days leave a backup when it has their month, and no other copy leaves it."""
    data, target = tmp_path / "data", tmp_path / "backup"
    for number in range(8):
        night(data, number, [document("note", number, "a")])
    back_up(data, None, target)
    compact(data, date(2026, 2, 1))
    assert back_up(data, None, target).copied == 1
    assert [path.name for path in list_archives(target, "board")] == [
        path.name for path in list_archives(data, "board")
    ]


def test_missing_payloads_are_said(tmp_path: Path) -> None:
    """Also a file that was cut; not those that compaction replaced. Landing keeps its rows."""
    for number in range(9):
        night(tmp_path, number, [document("note", number, "a")])
    assert compact(tmp_path, date(2026, 2, 1)) == 5
    assert notes_of_a_night(tmp_path) == []
    *_, cut, missing, _last = list_archives(tmp_path, "board")
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[:-40])
    before = read_landing(tmp_path)["incident"]
    (note,) = notes_of_a_night(tmp_path)
    assert note.startswith(f"The payloads of 2 loads are missing or cut, the first of load {load_id(cut)}.")
    assert read_landing(tmp_path)["incident"] == before


def notes_of_a_night(data: Path) -> list[str]:
    return pull(Board([]), data, Request()).notes
