"""Chunks of documents → Arrow tables."""

from __future__ import annotations

import gc
import json
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


def test_a_fault_of_a_parser_is_the_reason_of_one_document(load: database.Load) -> None:
    """Any error of a parser on one document leaves its neighbours alone, and names its type."""

    def fail_on_seven(document: Document) -> Iterable[Row]:
        return [{7: 1}[[]]] if document.body == b"7" else read(document)  # type: ignore[index,list-item]

    tables, errors, _ = Parser(fail_on_seven, load.schema, "s", "l").parse_chunk([number(1), number(7), number(2)])
    assert tables["incident"]["id"].to_pylist() == ["1", "2"]
    assert errors == {1: "TypeError: unhashable type: 'list'"}


@pytest.mark.parametrize("value", [2**63, 10**30, -(2**63) - 1])
def test_a_value_that_no_column_can_hold_costs_its_document_alone(load: database.Load, value: int) -> None:
    """A number that is parsed and can not be landed is a reason too, also with all rows of its document."""
    documents = [number(1), number([5, value]), Document("number", b"["), number(2)]
    tables, errors, _ = Parser(read_any, load.schema, "s", "l").parse_chunk(documents)
    assert tables["incident"]["id"].to_pylist() == ["1", "2"]
    assert list(errors) == [1, 2]
    assert all(errors.values())


def read_any(document: Document) -> Iterable[Row]:
    """Read numbers of any size."""
    numbers = json.loads(document.body)
    numbers = numbers if isinstance(numbers, list) else [numbers]
    return [Incident(id=str(at), application="shop", opened_at=at) for at in numbers]


@pytest.mark.parametrize("fault", [MemoryError(), OSError(28, "No space left on device")])
def test_a_fault_of_the_machine_ends_the_run(load: database.Load, fault: Exception) -> None:
    """What is no fault of a document raises, and the collector, off while a chunk is parsed, is on afterwards."""
    enabled = []

    def fail(document: Document) -> Iterable[Row]:
        enabled.append(gc.isenabled())
        raise fault

    with pytest.raises(type(fault)):
        Parser(fail, load.schema, "s", "l").parse_chunk([number(1)])
    assert (enabled, gc.isenabled()) == ([False], True)


def test_tables_have_the_schema_of_landing(load: database.Load) -> None:
    """Every table can be landed unchanged."""
    chunk = Parser(read, load.schema, "s", "l").parse_chunk([number(1), number([2, 3])])
    assert {name: table.schema for name, table in chunk.tables.items()} == {n: load.schema(n) for n in chunk.tables}
    assert all(isinstance(table, pa.Table) for table in chunk.tables.values())
