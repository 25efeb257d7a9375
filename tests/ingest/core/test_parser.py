"""Chunks of documents → Arrow tables."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator

import msgspec
import pyarrow as pa
import pytest

from dora.storage import database
from dora.storage.rows.base import Row
from dora.storage.rows.executions import Execution
from dora.storage.rows.incidents import Incident
from ingest.core.batches import Parser
from ingest.payloads.archive import Document


def read(document: Document) -> Iterable[Row]:
    """Numbers are incidents, lists incidents and an execution."""
    numbers = msgspec.json.decode(document.body, type=int | list[int])
    for number in numbers if isinstance(numbers, list) else [numbers]:
        yield Incident(id=str(number), application="shop", opened_at=number)
    if isinstance(numbers, list):
        yield Execution(id=str(numbers), application="shop", root_id="r", status="running")


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.Load]:
    with database.open_load(tmp_path_factory.mktemp("data"), "numbers") as load:
        yield load


def number(value: object) -> Document:
    return Document("number", msgspec.json.encode(value))


def test_a_chunk_becomes_tables(load: database.Load) -> None:
    """A table for each kind of row, in the order of the documents, under the source and the load."""
    tables, errors, _ = Parser(read, load.schema, "s", "l").parse_chunk([number(2), number([7, 1])])
    assert tables["incident"]["id"].to_pylist() == ["2", "7", "1"]
    assert set(tables) == {"incident", "execution"}
    assert {(row["source"], row["load_id"]) for table in tables.values() for row in table.to_pylist()} == {("s", "l")}
    assert errors == {}


def test_documents_that_can_not_be_parsed(load: database.Load) -> None:
    """Bad JSON, a wrong type and endless nesting are reported by position, each with its reason."""
    bad = [Document("number", b"<html>"), number("two"), Document("number", b"[" * 100_000)]
    tables, errors, _ = Parser(read, load.schema, "s", "l").parse_chunk([number(1), *bad, number(2)])
    assert tables["incident"]["id"].to_pylist() == ["1", "2"]
    assert list(errors) == [1, 2, 3]
    assert all(errors.values())


def test_other_errors_are_errors(load: database.Load) -> None:
    """A fault of a parser, unlike one of a document, ends the run."""

    def broken(document: Document) -> Iterable[Row]:
        raise KeyError(document.kind)

    with pytest.raises(KeyError):
        Parser(broken, load.schema, "s", "l").parse_chunk([number(1)])


def test_the_garbage_collector_is_restored(load: database.Load) -> None:
    """The collector is off while a chunk is parsed and on afterwards, even after an error."""
    enabled = []

    def record_state(document: Document) -> Iterable[Row]:
        enabled.append(gc.isenabled())
        raise KeyError(document.kind)

    with pytest.raises(KeyError):
        Parser(record_state, load.schema, "s", "l").parse_chunk([number(1)])
    assert (enabled, gc.isenabled()) == ([False], True)


def test_tables_have_the_schema_of_landing(load: database.Load) -> None:
    """Every table can be landed unchanged."""
    chunk = Parser(read, load.schema, "s", "l").parse_chunk([number(1), number([2, 3])])
    assert {name: table.schema for name, table in chunk.tables.items()} == {n: load.schema(n) for n in chunk.tables}
    assert all(isinstance(table, pa.Table) for table in chunk.tables.values())
