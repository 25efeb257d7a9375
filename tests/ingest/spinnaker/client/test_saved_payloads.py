"""Saved payloads instead of a server, in every shape in which users save them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from dora.errors import UsageError
from ingest.core.pipeline import Summary, pull
from ingest.core.source import AsOf, FileComplete, Request, Unreadable
from ingest.payloads.archive import Document
from ingest.spinnaker import SOURCE
from ingest.spinnaker.client.saved_payloads import read_saved_payloads
from tests.conftest import fresh

ROOT = Path(__file__).resolve().parents[4]
PAYLOADS = ROOT / "tests" / "payloads" / "spinnaker"
RUN = {"id": "E1", "application": "shop", "status": "SUCCEEDED"}
OTHER = {**RUN, "id": "E2"}


def read(path: Path) -> list[Any]:
    """Return kind and parsed body of each document, or the reason why it is unreadable."""
    results = (result for result in read_saved_payloads([path]) if not isinstance(result, FileComplete))
    return [(result.kind, json.loads(result.body)) if isinstance(result, Document) else result for result in results]


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Return a function that writes a file with this content."""

    def write(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (RUN, ["execution"]),
        ([RUN, OTHER], ["execution", "execution"]),
        ([], []),
        ({"id": "T", "variables": [], "execution": RUN}, ["task"]),
        ({"input": {"pipeline": RUN, "stage": None}}, ["policy"]),
        ({**RUN, "status": None}, ["execution"]),
        ({"id": "c", "application": "shop", "name": "release", "stages": []}, ["pipeline"]),
    ],
)
def test_shapes(value: Any, kinds: list[str], write_file: Callable[[str, bytes], Path]) -> None:
    """A file holds one value, a list, a task, a request to the policy plug-in or a configuration."""
    assert [kind for kind, _ in read(write_file("x.json", json.dumps(value, indent=2).encode()))] == kinds


@pytest.mark.parametrize(
    "value",
    [
        {"job": [{"type": "undoRolloutManifest"}], "application": "shop"},
        {"application": "shop", "stages": [], "name": "Deploy manifest"},
        {"input": {"body": {"job": []}}},
        {"input": {"pipeline": {"id": "c", "stages": []}}},
        {"input": 7},
        "text",
    ],
)
def test_a_document_without_a_run_is_unreadable(value: Any, write_file: Callable[[str, bytes], Path]) -> None:
    """Requests and plans are reported with their reason."""
    (unreadable,) = read(write_file("x.json", json.dumps(value).encode()))
    assert isinstance(unreadable, Unreadable)
    assert unreadable.id == "x.json"
    assert unreadable.reason.startswith("x.json: ")


def test_lines_and_compression(write_file: Callable[[str, bytes], Path]) -> None:
    """One value a line, a list a line, .gz and .zst: the same documents."""
    lines = b"\n".join([json.dumps(RUN).encode(), b"", json.dumps([OTHER]).encode(), b""])
    plain = read(write_file("x.ndjson", lines))
    assert [body["id"] for _, body in plain] == ["E1", "E2"]
    assert read(write_file("x.ndjson.gz", gzip.compress(lines))) == plain
    assert read(write_file("x.ndjson.zst", zstandard.compress(lines))) == plain


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.json", b"<html>"), ("x.json", b""), ("x.json", b'{"id": '), ("x.json.gz", b"no"), ("x.json.zst", b"no")],
)
def test_a_file_that_holds_no_json_is_quarantined(
    name: str, content: bytes, write_file: Callable[[str, bytes], Path]
) -> None:
    """An invalid file is one unreadable document, an empty one is none."""
    results = read(write_file(name, content))
    assert [type(result) for result in results] == ([] if not content else [Unreadable])


def test_a_folder_is_read_by_name(write_file: Callable[[str, bytes], Path], tmp_path: Path) -> None:
    """The files of a folder and of its subfolders are read in order."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.json").write_text(json.dumps(OTHER))
    write_file("a.json", json.dumps(RUN).encode())
    assert [body["id"] for _, body in read(tmp_path)] == ["E1", "E2"]


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    """A path that does not exist is an error."""
    with pytest.raises(UsageError, match="There is no"):
        list(read_saved_payloads([tmp_path / "nothing.json"]))


def load(data: Path, *paths: Path) -> Summary:
    """Load files into a data folder."""
    return pull(SOURCE.from_settings({}, data), fresh(data), Request(load=paths))


def test_loading_lands_like_fetching(tmp_path: Path) -> None:
    """Loading the same files twice gives the same rows."""
    first, second = load(tmp_path, PAYLOADS), load(tmp_path, PAYLOADS)
    assert (first.documents, first.quarantined) == (len(list(PAYLOADS.rglob("*.json"))), 0)
    new = first.tables["rollout"]["new"]
    assert new >= 6
    assert second.tables["rollout"] == {"new": 0, "changed": 0, "unchanged": new}


def test_saved_executions_are_as_old_as_their_newest_time(write_file: Callable[[str, bytes], Path]) -> None:
    """They have no clock of the server; a time that is still to come is capped, what has no time dates nothing."""

    def times(**fields: Any) -> list[datetime]:
        path = write_file("x.json", json.dumps(RUN | fields).encode())
        return [item.at for item in read_saved_payloads([path]) if isinstance(item, AsOf)]

    stages = [{"startTimeExpiry": 1_990_000_000_000}]
    assert times(buildTime=1_772_442_000_000, endTime=1_772_442_600_000, stages=stages) == [
        datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
    ]
    assert times(startTime=1_990_000_000_000)[0] <= datetime.now(UTC)
    assert times() == []
