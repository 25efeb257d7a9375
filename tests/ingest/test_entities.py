"""Documents of two entities have no row in common: only then may an unchanged one be left out of the archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dora.storage.rows.base import Row
from ingest import files, git, spinnaker
from ingest.core.source import Request, SourceState
from ingest.payloads.archive import Document
from ingest.simulation.gate.server import Gate, serve
from ingest.simulation.organisation import Organisation, simulate
from ingest.spinnaker.client.saved_payloads import read_saved_payloads

PAYLOADS = Path(__file__).parent.parent / "payloads" / "spinnaker"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    """Some applications over two months."""
    return simulate(tmp_path_factory.mktemp("organisation"), end=datetime(2026, 6, 1, tzinfo=UTC), months=2, scale=0.1)


def assert_disjoint(source: Any, documents: Iterable[Document]) -> int:
    """Check that each row has one entity, and return how many entities there are."""
    entities: dict[tuple[str, str], str | None] = {}
    for document in documents:
        try:
            rows = [row for row in source.parse(document) if isinstance(row, Row)]
        except ValueError:
            continue  # it is quarantined, and has no row
        entity = source.entity(document, rows)
        for row in rows:
            assert entities.setdefault((row.table, row.id), entity) == entity, (document.kind, row.table)
    return len({*entities.values()})


def fetched(source: Any, request: Request) -> Iterator[Document]:
    return (item for item in source.fetch(request, SourceState()) if isinstance(item, Document))


def test_entities_of_gate(organisation: Organisation) -> None:
    """Executions, tasks, pipelines with their revisions, applications and accounts of a whole world."""
    with serve(Gate(organisation.world)) as gate:
        source = spinnaker.SOURCE.from_settings({"endpoint": gate.url, "requests_per_10s": 0}, Path())
        assert assert_disjoint(source, fetched(source, Request())) > len(organisation.world.executions)


def test_entities_of_saved_payloads() -> None:
    """Executions, tasks and policy requests of several versions of Spinnaker."""
    items = read_saved_payloads([PAYLOADS])
    documents = [item for item in items if isinstance(item, Document)]
    assert assert_disjoint(spinnaker.SOURCE.from_settings({}, Path()), documents) > 10


def test_entities_of_files(organisation: Organisation, tmp_path: Path) -> None:
    """Lines of incidents, and of changes in files and events."""
    source = files.SOURCE.from_settings({}, tmp_path)
    assert assert_disjoint(source, fetched(source, Request(paths=(organisation.incidents,)))) > 1
    sha, row = "a" * 40, {"context": {"type": "dev.cdevents.change.merged.0.2.0", "timestamp": "2026-01-01T00:00:00Z"}}
    subject = {"id": sha, "content": {"repository": {"id": "acme/shop"}}}
    cells = [row | {"subject": subject}, {"repository": "acme/shop", "sha": sha, "parents": None}]
    cells[1] |= {"authored_at": "2026-01-01T00:00:00Z", "committed_at": "2026-01-01T00:00:00Z"}
    documents = [
        Document(kind, msgspec.json.encode({"file": "f", "line": 1, "cells": each}))
        for kind, each in zip(("cdevents", "changes"), cells, strict=True)
    ]
    assert assert_disjoint(source, documents) == 1


def test_batches_of_git_are_always_new(tmp_path: Path) -> None:
    """Commits and changes come in batches, each of them once."""
    source = git.SOURCE.from_settings({"repositories": []}, tmp_path)
    assert source.entity(Document("commit", b""), []) is None
