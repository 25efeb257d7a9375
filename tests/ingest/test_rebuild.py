"""landing.duckdb is made again from the payloads, by the next run, whatever happened to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dora.errors import DoraError
from dora.storage import database
from dora.storage.schema import CONTRACT
from ingest import files
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.payloads.archive import Archive, Document, list_archives
from ingest.rebuild import rebuild_landing
from tests.conftest import fresh, opened
from tests.processes import dora

GOLDENS = Path(__file__).parents[1] / "goldens"
INCIDENTS = "id,application,opened_at,resolved_at\ni1,shop,2026-03-02T10:00Z,2026-03-02T12:00Z\n"
LATER = INCIDENTS + "i2,cart,2026-03-05T10:00Z,\ni3,cart,when,\n"
Damage = Callable[[Path], object]


def numbered(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute(f"UPDATE contract SET version = {CONTRACT - 1}")


def logged(path: Path) -> None:
    """Leave a log of another file beside it, as a kill during a replacement does."""
    other = path.with_name("other.duckdb")
    with duckdb.connect(str(other)) as con:
        con.execute("CREATE TABLE t (i INTEGER)")
    con = duckdb.connect(str(other))
    con.execute("SET checkpoint_threshold = '1GB'").execute("PRAGMA disable_checkpoint_on_shutdown")
    con.execute("INSERT INTO t VALUES (1)").close()
    other.with_name("other.duckdb.wal").rename(path.with_name(f"{path.name}.wal"))
    other.unlink()


DAMAGES: dict[str, Damage] = {
    "missing": Path.unlink,
    "of no bytes": lambda path: path.write_bytes(b""),
    "cut in its header": lambda path: path.write_bytes(path.read_bytes()[:8192]),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "foreign": lambda path: path.write_bytes(b"hello" * 5000),
    "older": numbered,
    "a foreign log": logged,
}


def ingest(folder: Path, text: str) -> None:
    (folder / "incidents.csv").write_text(text)
    pull(files.SOURCE.from_settings({}, folder), fresh(folder / "data"), Request(paths=(folder / "incidents.csv",)))


def read_rows(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    queries = {table: f'SELECT * EXCLUDE (load_id) FROM "{table}" ORDER BY ALL' for table in database.fact_tables()}
    queries["watermark"] = "SELECT source, stream, value FROM watermark ORDER BY ALL"
    with opened(data / database.LANDING) as con:
        return {name: con.execute(sql).fetchall() for name, sql in queries.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with settings, and incidents in two loads, one of them in quarantine."""
    (tmp_path / "dora.toml").write_text('data = "data"\n')
    ingest(tmp_path, INCIDENTS)
    ingest(tmp_path, LATER)
    return tmp_path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["build", "quarantine"])
def test_the_next_command_heals_landing(folder: Path, damage: str, command: str) -> None:
    """Whatever is wrong with the file, a command says it in one line, makes it again, and goes on."""
    before = read_rows(folder / "data")
    DAMAGES[damage](folder / "data" / database.LANDING)
    result = dora(folder, command)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("It was made again from 3 documents of payloads.") == 1, result.stderr
    assert read_rows(folder / "data") == before
    left = {path.name for path in (folder / "data").iterdir()} - {database.PUBLISHED, "logs"}
    assert left == {database.LANDING, "landing.lock", "payloads"}


def test_without_payloads_a_damaged_landing_stays(folder: Path) -> None:
    """There is nothing to make it from, so a person decides."""
    landing = folder / "data" / database.LANDING
    landing.write_bytes(b"")
    (folder / "data" / "payloads").rename(folder / "moved")
    with pytest.raises(DoraError, match="no payloads to make it again from"):
        rebuild_landing(folder / "data", {})
    assert landing.read_bytes() == b""


def test_a_damaged_payload_stops_a_rebuild(folder: Path) -> None:
    """Rows are never lost by a rebuild: the old file stays, and the message names the payload."""
    payload = next((folder / "data" / "payloads").rglob("*.zst"))
    body = bytearray(payload.read_bytes())
    body[20] ^= 1
    payload.write_bytes(body)
    before = (folder / "data" / database.LANDING).read_bytes()
    with pytest.raises(DoraError, match=f"{payload.name} could not be read to its end"):
        rebuild_landing(folder / "data", {})
    assert (folder / "data" / database.LANDING).read_bytes() == before


def test_a_source_without_settings_is_known_by_its_documents(folder: Path) -> None:
    """A source that was removed from dora.toml still has rows, under whatever name it had."""
    payloads = folder / "data" / "payloads"
    (payloads / "files").rename(payloads / "exports")
    assert [summary.source for summary in rebuild_landing(folder / "data", {})] == ["exports"]


def test_documents_of_no_source_stop_a_rebuild(folder: Path) -> None:
    """Payloads that no source has a kind for are not skipped in silence."""
    archive = Archive(folder / "data", "gone", "20260301T000000000000-abcdef")
    archive.append([Document("letter", b"{}")])
    archive.close()
    with pytest.raises(DoraError, match=r"source gone can not be read.*describe \[sources.gone\]"):
        rebuild_landing(folder / "data", {})


@pytest.mark.parametrize("name", ["files", "git", "spinnaker"])
def test_each_source_can_be_renamed_and_removed(tmp_path: Path, name: str) -> None:
    """The payloads of a released version are read again under another name that dora.toml does not have."""
    shutil.copytree(GOLDENS / "contract_4" / "payloads", tmp_path / "payloads")
    folder = tmp_path / "payloads" / name
    assert folder.exists()
    for other in folder.parent.iterdir():
        other.rename(folder.with_name("renamed")) if other == folder else shutil.rmtree(other)
    (summary,) = rebuild_landing(tmp_path, {})
    assert summary.source == "renamed"
    assert sum(summary.row_counts.values()) > 0


def test_files_of_others_among_the_payloads_are_left_alone(folder: Path) -> None:
    """A copy under another name is no payload: the next night and a rebuild give the same rows."""
    payload = list_archives(folder / "data", "files")[0]
    others = [payload.with_name(name) for name in ("foo.ndjson.zst", f"copy of {payload.name}", "notes.txt")]
    for other in others:
        other.write_bytes(b"of others")
    assert dora(folder, "ingest", "files", "incidents.csv").returncode == 0
    before = read_rows(folder / "data")
    (folder / "data" / database.LANDING).unlink()
    assert dora(folder, "build").returncode == 0
    assert read_rows(folder / "data") == before
    assert all(other.read_bytes() == b"of others" for other in others)


@pytest.mark.parametrize("name", ["landing.duckdb", "dora.duckdb", "landing.lock"])
def test_a_pipe_where_a_file_should_be_is_no_endless_wait(folder: Path, name: str) -> None:
    """Each command says so, or works; none waits for a writer of that pipe."""
    assert dora(folder, "build").returncode == 0
    (folder / "data" / name).unlink()
    os.mkfifo(folder / "data" / name)
    for words in (("show",), ("doctor",), ("quarantine",), ("build",), ("ingest", "files", "incidents.csv")):
        result = dora(folder, *words)
        assert "Traceback" not in result.stderr
        assert result.returncode == 0 or "Next: " in result.stderr
