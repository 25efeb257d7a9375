"""Parquet files: the rows of the build, named by a manifest that is replaced when all of them are there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from pyarrow import dataset, parquet
from typer.testing import CliRunner

import dora
from dora.cli.app import app
from dora.errors import DoraError, UsageError
from dora.export.publish import parquet as publisher
from dora.parts.store import Store
from tests.dora.export.publish.conftest import Sources
from tests.simulation.object_store import ObjectStore


@pytest.fixture(scope="module")
def published(whole: None, small: dora.Delivery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the small organisation is published."""
    folder = tmp_path_factory.mktemp("published") / "out"
    publisher.write(small, str(folder))
    return folder


def read_manifest(folder: Path) -> Any:
    """The manifest, which its schema allows."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    jsonschema.Draft202012Validator(json.loads((folder / manifest["$schema"]).read_bytes())).validate(manifest)
    return manifest


def test_every_table_has_the_rows_of_the_build(sources: Sources, published: Path) -> None:
    """Each has the columns and types of the manifest, times in UTC, and its rows in order."""
    by_name = {table["name"]: table for table in read_manifest(published)["tables"]}
    for source in sources.values():
        table = by_name.pop(source.about.name)
        # Hive's column of the month is of the path, not of the file.
        files = [parquet.ParquetFile(published / file["path"]).read() for file in table["files"]]
        rows = [row for file in files for row in file.to_pylist()]
        expected = [row for part in source.read() for batch in part.batches for row in batch.to_pylist()]
        assert rows == expected, source.about.name
        assert [column["name"] for column in table["columns"]] == files[0].schema.names
        assert all(column["meaning"] for column in table["columns"]), source.about.name
        for field in files[0].schema:
            assert not pa.types.is_timestamp(field.type) or field.type.tz == "UTC"
            assert field.metadata[b"meaning"]
    assert by_name == {}


def test_the_manifest_has_what_verifies_the_files(small: dora.Delivery, published: Path) -> None:
    """Path, rows, size and SHA-256 of every file, no file besides, and the build that they are of."""
    manifest = read_manifest(published)
    files = [file for table in manifest["tables"] for file in table["files"]]
    for file in files:
        content = (published / file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert file["rows"] == parquet.ParquetFile(published / file["path"]).metadata.num_rows
    build = published / manifest["path"]
    assert {file["path"] for file in files} == {str(path.relative_to(published)) for path in build.rglob("*.parquet")}
    about = small.about()
    assert [manifest["build"][key] for key in ("build_id", "version", "definitions_hash")] == [
        about["build_id"], about["version"], about["definitions_hash"],
    ]  # fmt: skip


def test_a_large_table_has_a_file_for_each_month(small: dora.Delivery, published: Path) -> None:
    """Its path has the month as Hive writes it, so that a reader of one month opens one file."""
    manifest = read_manifest(published)
    (table,) = (table for table in manifest["tables"] if table["name"] == "observations")
    assert table["by_month"]
    assert len(table["files"]) > 2
    for file in table["files"]:
        months = {
            f"{row:%Y-%m}" for row in parquet.ParquetFile(published / file["path"]).read()["happened_at"].to_pylist()
        }
        assert months == {file["month"]}
        assert f"/observations/month={file['month']}/" in file["path"]
    found = dataset.dataset(published / manifest["path"] / "observations", partitioning="hive")
    assert found.count_rows() == table["rows"] == len(small.table("observations"))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def publish_later(delivery: dora.Delivery, place: Path | str, monkeypatch: pytest.MonkeyPatch, day: int) -> str:
    """Publish the build as if it was of a later day, and return its path."""
    build = publisher.describe_build(delivery)
    build.as_of, build.build_id = f"2026-07-{day:02}T00:00:00Z", f"{day:032x}"
    with monkeypatch.context() as patch:
        patch.setattr(publisher, "describe_build", lambda _: build)
        return publisher.write(delivery, str(place)).path


def test_the_build_before_stays_for_its_readers(
    tiny: dora.Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older ones are removed, with what a run left that failed; the same build again gives the same bytes."""
    paths = [publish_later(tiny, tmp_path, monkeypatch, day) for day in (1, 2)]
    (tmp_path / "builds" / "20260615T000000Z-failed").mkdir()
    paths.append(publish_later(tiny, tmp_path, monkeypatch, 3))
    assert {f"builds/{path.name}" for path in (tmp_path / "builds").iterdir()} == {*paths[1:]}
    assert (read_manifest(tmp_path)["path"], read_manifest(tmp_path)["previous"]) == (paths[2], paths[1])
    before = snapshot(tmp_path)
    publish_later(tiny, tmp_path, monkeypatch, 3)
    assert snapshot(tmp_path) == before


def test_a_failure_leaves_what_was_published(
    tiny: dora.Delivery, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest and all that it names stay as they were, at whichever file the run ends."""
    publisher.write(tiny, str(tmp_path))
    before = snapshot(tmp_path)

    def fail(_: dora.Delivery) -> Iterator[Any]:
        yield sources["build"]
        raise DoraError("The disk is gone.")

    monkeypatch.setattr(publisher, "list_source_tables", fail)
    with pytest.raises(DoraError, match="The disk is gone"):
        publish_later(tiny, tmp_path, monkeypatch, 1)
    after = snapshot(tmp_path)
    assert {path: after[path] for path in before} == before


def test_an_object_store_gets_the_same_files(
    tiny: dora.Delivery, tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the manifest last, and only the build before besides."""
    publisher.write(tiny, str(tmp_path))
    for day in (1, 2):
        publish_later(tiny, object_store.address, monkeypatch, day)
    store = Store(object_store.address)
    assert len(store.folders("builds")) == 2
    manifest = json.loads(store.read("manifest.json"))
    here = {path.split("/", 2)[2]: content for path, content in snapshot(tmp_path).items() if path.endswith(".parquet")}
    there = {
        file["path"].split("/", 2)[2]: store.read(file["path"])
        for table in manifest["tables"]
        for file in table["files"]
    }
    assert there == here


def test_a_place_of_others_is_refused(tiny: dora.Delivery, tmp_path: Path) -> None:
    """A folder with other files, or another manifest, is not written to."""
    for name, content in (("mine.txt", "mine"), ("manifest.json", '{"kind": "mine"}')):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(content)
        with pytest.raises(UsageError, match="did not write; nothing was written"):
            publisher.write(tiny, str(folder))
        assert snapshot(folder) == {name: content.encode()}


def test_others_may_read_the_files(tiny: dora.Delivery, tmp_path: Path) -> None:
    """As far as the umask lets them: the files are made for other users."""
    before = os.umask(0o022)
    try:
        publisher.write(tiny, str(tmp_path / "a" / "out"))
    finally:
        os.umask(before)
    for path in (tmp_path / "a" / "out").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_the_command_prints_where_the_files_are(tiny: dora.Delivery, tmp_path: Path) -> None:
    """For scripts as JSON: the folder of the build, which a warehouse is pointed at."""
    settings, out = tmp_path / "dora.toml", tmp_path / "out"
    settings.write_text(f'data = "{tiny.path.parent}"')
    result = CliRunner().invoke(app, ["publish", "parquet", str(out), "--json", "--config", str(settings)])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["path"] == read_manifest(out)["path"]
    assert [(row["table"], row["rows"]) for row in printed["tables"]] == [
        ("build", 1), ("deployments", len(tiny.table("deployments"))), ("goals", 0),
    ]  # fmt: skip


def test_an_infinite_instant_is_null(sources: Sources) -> None:
    """Spark, BigQuery and Snowflake have none; the meaning says so."""
    source = sources["memberships"]
    rows = [row for part in source.read() for batch in part.batches for row in batch.to_pylist()]
    assert {row["until"] for row in rows} == {None}
    assert "infinity" not in source.meanings["until"]
