"""Files of another version are refused with the next step, and left unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pytest

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.errors import DoraError, UnusableError
from dora.storage import database, schema
from ingest import files
from ingest.core.pipeline import pull
from ingest.core.source import Request

# The shapes of the last release. Another shape needs the next number in dora/storage/schema.py, once a release.
RELEASED_LANDING, RELEASED_CONTRACT = "d4d004b3c534ceab", 6
RELEASED_BUILD, RELEASED_LAYOUT = "9ede4fd07114132c", 6
READ_BY_NAME = "('build', 'check_results', 'definitions_in_force', 'lead_time')"
FIRST = """
CREATE TABLE load (load_id VARCHAR, source VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP, as_of TIMESTAMP,
  documents BIGINT, quarantined BIGINT, partial_failures VARCHAR[]);
CREATE TABLE incident (source VARCHAR, id VARCHAR, load_id VARCHAR, application VARCHAR, opened_at TIMESTAMP);
CREATE TABLE control_total (table_name VARCHAR, rows BIGINT, checksum HUGEINT, load_id VARCHAR, engine VARCHAR);
CREATE TABLE watermark (source VARCHAR, stream VARCHAR, value VARCHAR, load_id VARCHAR);
INSERT INTO load VALUES ('l', 'files', TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-01', NULL, 1, 0, []);
INSERT INTO incident VALUES ('files', 'i1', 'l', 'shop', TIMESTAMP '2026-01-01');
"""
INCIDENTS = "id,application,opened_at,resolved_at\ni1,shop,2026-03-02T10:00Z,2026-03-02T12:00Z\n"


def shape(path: Path, only: str = "true") -> str:
    columns = "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE NOT internal"
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(f"{columns} AND {only} ORDER BY ALL").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def older(data: Path) -> Path:
    path = data / database.LANDING
    with duckdb.connect(str(path)) as con:
        con.execute(FIRST)
    return path


def ingested(data: Path) -> None:
    (data / "incidents.csv").write_text(INCIDENTS)
    pull(files.SOURCE.from_settings({}, data), data, Request(paths=(data / "incidents.csv",)))


def numbered(path: Path, statement: str) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute(statement)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with an incident landed and built."""
    ingested(tmp_path)
    build(Config(data=tmp_path))
    return tmp_path


def test_a_new_shape_has_a_new_number(data: Path) -> None:
    """A change of the contract, or of a table that readers name, needs a new number."""
    landing = shape(data / database.LANDING)
    build = shape(data / database.PUBLISHED, f"table_name IN {READ_BY_NAME}")
    assert (landing != RELEASED_LANDING) == schema.CONTRACT - RELEASED_CONTRACT
    assert (build != RELEASED_BUILD) <= schema.BUILD_LAYOUT - RELEASED_LAYOUT


def test_an_older_landing_is_refused_with_the_next_step(tmp_path: Path) -> None:
    """Ingest, build and doctor leave a file of an earlier contract unchanged and name the commands to run."""
    path = older(tmp_path)
    before = path.read_bytes()
    for attempt in (ingested, lambda data: build(Config(data=data)), inspected):
        with pytest.raises(UnusableError, match="older version") as refused:
            attempt(tmp_path)
        assert "Nothing is lost" in refused.value.happened
        assert "`dora nightly`: they make it again from the payloads" in refused.value.next_step
    assert path.read_bytes() == before


def inspected(data: Path) -> None:
    with database.inspect_landing(data):
        pass


def test_a_newer_landing_is_refused(data: Path) -> None:
    """A file of a later version is not touched."""
    numbered(data / database.LANDING, f"UPDATE contract SET version = {schema.CONTRACT + 1}")
    for attempt in (ingested, lambda data: build(Config(data=data)), inspected):
        with pytest.raises(DoraError, match=r"newer version .* it was not touched"):
            attempt(data)
    assert dora.open(data / database.PUBLISHED).about()["layout"] == schema.BUILD_LAYOUT


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER TABLE build DROP COLUMN layout", "older version .* Next: run `dora build`"),
        (f"UPDATE build SET layout = {schema.BUILD_LAYOUT - 1}", "older version .* Next: run `dora build`"),
        (f"UPDATE build SET layout = {schema.BUILD_LAYOUT + 1}", "newer version .* it was not touched"),
    ],
)
def test_a_build_of_another_version_is_refused(data: Path, statement: str, says: str) -> None:
    """A reader says which version it needs, and closes the file."""
    numbered(data / database.PUBLISHED, statement)
    with pytest.raises(DoraError, match=says):
        dora.open(data / database.PUBLISHED)
    build(Config(data=data))
    assert dora.open(data / database.PUBLISHED).about()["layout"] == schema.BUILD_LAYOUT
