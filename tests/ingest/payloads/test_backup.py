"""A backup has everything that can not be had again, also one that is made while a run writes."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dora.errors import DoraError, UsageError
from dora.storage import database
from ingest.core.pipeline import pull
from ingest.core.source import AsOf, Item, Request, SourceState, Watermark
from ingest.payloads.archive import list_archives
from ingest.payloads.backup import MANIFEST, back_up, restore
from tests.ingest.payloads.test_versions import Board, document, read_landing, run
from tests.processes import dora

INCIDENTS = "id,application,opened_at,resolved_at\ni1,shop,2026-03-02T10:00Z,2026-03-02T12:00Z\n"
DEPLOYMENTS = "id,application,environment,status,started_at,finished_at\n"


def content(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without its lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != database.LOCK)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder with settings, two nights of files and a build, and secrets beside them."""
    folder = tmp_path / "installation"
    (folder / "data").mkdir(parents=True)
    settings = '[sources.files]\npaths = ["{0}/incidents.csv", "{0}/deployments.csv"]\n'
    (folder / "dora.toml").write_text(settings.format(folder))
    (folder / "incidents.csv").write_text(INCIDENTS)
    for nights in (1, 2):
        rows = (
            f"d{n},shop,production,succeeded,2026-03-0{n}T09:00Z,2026-03-0{n}T10:00Z\n" for n in range(1, nights + 3)
        )
        (folder / "deployments.csv").write_text(DEPLOYMENTS + "".join(rows))
        assert dora(folder, "nightly").returncode == 0
    (folder / "data" / "refresh-token").write_text("s3cret")
    return folder


def test_a_restored_installation_has_the_same_rows_and_numbers(installation: Path, tmp_path: Path) -> None:
    """From a backup alone come the same landing, metrics and evidence; a second backup copies nothing."""
    first = dora(installation, "backup", str(tmp_path / "backup"))
    assert first.returncode == 0, first.stderr
    assert "4 files" in first.stdout
    assert sorted(name.split("/")[0] for name in content(tmp_path / "backup")) == [
        MANIFEST, "dora.duckdb", "dora.toml", "payloads", "payloads",
    ]  # fmt: skip
    assert "0 of them copied now" in dora(installation, "backup", str(tmp_path / "backup")).stdout
    other = tmp_path / "other"
    other.mkdir()
    restored = dora(other, "restore", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    assert (other / "dora.toml").read_text() == (installation / "dora.toml").read_text()
    assert read_landing(other / "data") == read_landing(installation / "data")
    for command in (("show", "--json"), ("explain", "change_failure_rate", "--json"), ("check", "--json")):
        assert dora(other, *command).stdout == dora(installation, *command).stdout
    refused = dora(other, "restore", str(tmp_path / "backup"))
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr


def test_a_backup_of_a_running_ingest_is_a_prefix_of_it(tmp_path: Path) -> None:
    """A copy that is made while batches are written restores to what the run had archived by then, or more."""
    data, target, started, enough = tmp_path / "data", tmp_path / "backup", threading.Event(), threading.Event()

    class Slow(Board):
        def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
            yield AsOf(datetime(2026, 1, 1, tzinfo=UTC))
            for number in range(5_000):
                yield document("note", number, "x" * 50)
                if number % 50 == 0:
                    yield Watermark("s", str(number))
                if number == 200:
                    started.set()
                if number > 4_000:
                    enough.wait(30)

    ingest = threading.Thread(target=pull, args=(Slow(), data, Request()))
    ingest.start()
    assert started.wait(30)
    while not any(path.stat().st_size for path in list_archives(data, "board")):
        time.sleep(0.01)  # until a buffer is full
    counts = []
    for copy in range(3):
        back_up(data, None, target / str(copy))
        counts.append(restored_notes(target / str(copy), tmp_path / f"restored-{copy}"))
    enough.set()
    ingest.join()
    assert counts == sorted(counts)
    assert counts[0] > 0
    assert all((count - 1) % 50 == 0 for count in counts), "whole batches"
    back_up(data, None, target / "2")
    assert restored_notes(target / "2", tmp_path / "last") == 5_000
    assert read_landing(tmp_path / "last") == read_landing(data)


def restored_notes(backup: Path, data: Path) -> int:
    """Restore a backup of the board, make landing again, and count its rows."""
    restore(backup, data)
    run(data, [], replaying=True)
    return len(read_landing(data)["incident"])


def test_a_damaged_original_does_not_replace_its_copy(tmp_path: Path) -> None:
    """A backup keeps the good copy of a payload that is damaged now, and says so."""
    data, target = tmp_path / "data", tmp_path / "backup"
    run(data, [document("note", 1, "a")])
    back_up(data, None, target)
    before = {name: body for name, body in content(target).items() if name != MANIFEST}
    (payload,) = list_archives(data, "board")
    payload.write_bytes(payload.read_bytes()[:20] + b"\xff" + payload.read_bytes()[21:] + b"x")
    summary = back_up(data, None, target)
    assert [payload.name in damage for damage in summary.damaged] == [True]
    assert {name: body for name, body in content(target).items() if name != MANIFEST} == before
    payload.unlink()
    back_up(data, None, target)
    assert {name: body for name, body in content(target).items() if name != MANIFEST} == before, "what is lost stays"


@pytest.mark.parametrize("damage", ["flip", "missing"])
def test_a_damaged_backup_restores_nothing(tmp_path: Path, damage: str) -> None:
    """Each file is compared with its hash before any is used; the data folder stays empty."""
    run(tmp_path / "data", [document("note", 1, "a")])
    back_up(tmp_path / "data", None, tmp_path / "backup")
    (copy,) = (tmp_path / "backup").rglob("*.zst")
    body = bytearray(copy.read_bytes())
    body[9] ^= 1
    copy.unlink() if damage == "missing" else copy.write_bytes(body)
    with pytest.raises(DoraError, match="nothing was restored"):
        restore(tmp_path / "backup", tmp_path / "other")
    assert content(tmp_path / "other") == {}


def test_other_folders_are_refused(tmp_path: Path) -> None:
    """A backup goes neither into its data folder nor among other files, and comes only from a backup."""
    run(tmp_path / "data", [document("note", 1, "a")])
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").touch()
    for target in (tmp_path / "data" / "backup", tmp_path / "home"):
        with pytest.raises(UsageError):
            back_up(tmp_path / "data", None, target)
    with pytest.raises(UsageError, match="is no backup"):
        restore(tmp_path / "home", tmp_path / "other")


@pytest.mark.parametrize("manifest", [b"{", b"\xff", b'{"files": ' + b"[" * 100_000])
def test_what_a_damaged_manifest_says_to_do_works(installation: Path, tmp_path: Path, manifest: bytes) -> None:
    """Another folder takes a backup; the payloads of this one, copied by hand, give the same rows."""
    copy, other = tmp_path / "backup", tmp_path / "other"
    assert dora(installation, "backup", str(copy)).returncode == 0
    (copy / MANIFEST).write_bytes(manifest)
    for words in (("backup", str(copy)), ("restore", str(copy))):
        refused = dora(installation, *words)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "copy its payloads into the data folder: run `dora build`" in refused.stderr
    assert dora(installation, "backup", str(tmp_path / "empty")).returncode == 0
    shutil.copytree(copy / "payloads", other / "data" / "payloads")
    shutil.copy(installation / "dora.toml", other)
    assert dora(other, "build").returncode == 0
    assert read_landing(other / "data") == read_landing(installation / "data")


@pytest.mark.parametrize("name", ["../outside", "/outside", "payloads/../../outside"])
def test_s5_a_manifest_writes_only_into_the_data_folder(tmp_path: Path, name: str) -> None:
    """A path that leads out of it is refused before anything is written."""
    (tmp_path / "backup").mkdir()
    outside = name.replace("/outside", f"{tmp_path}/outside") if name.startswith("/") else name
    entry = {"size": 1, "sha256": "", "original_size": 1, "modified_ns": 1}
    manifest = {"made_at": "2026-03-02T10:00:00Z", "files": {outside: entry}}
    (tmp_path / "backup" / MANIFEST).write_text(json.dumps(manifest))
    (tmp_path / "outside").write_text("mine")
    with pytest.raises(DoraError, match="outside of the backup"):
        restore(tmp_path / "backup", tmp_path / "data")
    assert (tmp_path / "outside").read_text() == "mine"
