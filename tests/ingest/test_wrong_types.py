"""Any value in any field of any document: rows of the contract's types or a reason, and its neighbours land."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.storage import database
from ingest.core.batches import Parser
from ingest.files import SOURCE as FILES
from ingest.files.kinds.catalogue import KINDS
from ingest.files.settings import Settings
from ingest.payloads.archive import Document
from ingest.spinnaker import SOURCE as SPINNAKER
from tests.conftest import ROOT, fresh

Json = dict[str, Any]
AT, SHA = "2026-03-02T10:00:00Z", "4f2a" * 10
TIMES = {"started_at", "finished_at", "first_traffic_at", "full_traffic_at", "authored_at", "committed_at", "merged_at"}
TIMES |= {"opened_at", "resolved_at", "at", "until", "first_commit_at", "first_review_at", "approved_at"}
LISTS = {"parents", "applications", "teams", "reviewers", "approvers", "labels"}
WORDS = {"status": "succeeded", "kind": "release", "sha": SHA, "head_sha": SHA, "number": "7", "verdict": "failed"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([10**30, -0.5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def make_event(kind: str, **content: Any) -> Json:
    link = {"linkType": "RELATION", "linkKind": "CAUSE", "target": {"contextId": "d1"}}
    context = {"version": "0.4.1", "id": "e1", "source": "/ci", "type": f"dev.cdevents.{kind}.0.2.0", "timestamp": AT}
    context |= {"chainId": "c1", "links": [link]}
    custom = {"commit": SHA, "repository": "acme/shop"}
    return {"context": context, "subject": {"id": "shop", "source": "/ci", "content": content}, "customData": custom}


def list_good_documents() -> Iterator[tuple[str, str, Json]]:
    """Yield the source, the kind and the content of documents of which every field is right."""
    for name, kind in KINDS.items():
        if kind.required_columns:
            words = WORDS | ({"kind": "freeze"} if name == "events" else {})
            cells = {column: words.get(column, AT if column in TIMES else "x") for column in kind.columns}
            yield "files", name, cells
    place = {"environment": {"id": "prod"}, "service": {"id": "shop"}, "repository": {"id": "acme/shop"}}
    for name in ("service.deployed", "service.rolledback", "change.merged", "incident.detected", "incident.resolved"):
        yield "files", "cdevents", make_event(name, **place, artifactId="v1", description="down")
    for path in sorted((ROOT / "tests" / "payloads" / "spinnaker").rglob("*.json")):
        content = json.loads(path.read_text())
        if isinstance(content, dict) and "stages" in content:
            yield "spinnaker", "execution", content


GOOD = list(list_good_documents())


def list_paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each field below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from list_paths(item, (*path, key))


PLACES = [(number, path) for number, (_, _, content) in enumerate(GOOD) for path in list_paths(content)]


def to_body(source: str, content: Json) -> bytes:
    line = {"file": "f", "line": 2, "cells": content} if source == "files" else content
    return json.dumps(line).replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "null").encode()


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Parser]]:
    """The parser of each source, with the schema of landing."""
    data: Path = fresh(tmp_path_factory.mktemp("landing"))
    sources = {"files": FILES(Settings()), "spinnaker": SPINNAKER.from_settings({}, data)}
    with database.open_load(data, "s") as load:
        yield {name: Parser(source.parse, load.schema, "s", load.id) for name, source in sources.items()}


def test_the_documents_are_good(parsers: dict[str, Parser]) -> None:
    """Each of them has rows as it is."""
    assert {source for source, *_ in GOOD} == set(parsers)
    for source, kind, content in GOOD:
        chunk = parsers[source].parse_chunk([Document(kind, to_body(source, content))])
        assert (chunk.errors, bool(chunk.tables)) == ({}, True), (kind, chunk.errors)


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_in_any_field_is_rows_or_a_reason(
    parsers: dict[str, Parser], place: tuple[int, tuple[str | int, ...]], value: object
) -> None:
    """No value ends a run, and the document beside it has its rows."""
    number, path = place
    source, kind, content = GOOD[number]
    broken: Any = copy.deepcopy(content)
    part = broken
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    good, alone = Document(kind, to_body(source, content)), Document(kind, to_body(source, broken))
    parser = parsers[source]
    chunk = parser.parse_chunk([alone, good])
    assert set(chunk.errors) <= {0}
    assert all(chunk.errors.values())
    for name, table in parser.parse_chunk([good]).tables.items():
        assert chunk.tables[name].num_rows >= table.num_rows


@pytest.mark.parametrize("value", [["x"], {"x": 1}, True])
@pytest.mark.parametrize(
    ("kind", "column"), [(n, c) for n, k in KINDS.items() if k.required_columns for c in k.columns]
)
def test_a_wrong_type_in_any_column_is_a_reason(
    parsers: dict[str, Parser], kind: str, column: str, value: object
) -> None:
    """The line is quarantined whole, with its column; only a column of lists may have one."""
    (content,) = (content for _, name, content in GOOD if name == kind)
    chunk = parsers["files"].parse_chunk([Document(kind, to_body("files", content | {column: value}))])
    if isinstance(value, list) and column in LISTS:
        assert chunk.errors == {}
    else:
        assert column in chunk.errors[0]
        assert chunk.tables == {}
