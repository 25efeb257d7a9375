"""Chunks of documents → Arrow tables, whatever stands in them."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator

import msgspec
import pyarrow as pa
import pytest

from dora.storage import database
from ingest.core.archive import Document
from ingest.core.batches import Parser
from ingest.core.rows import Execution, Incident, Row


def read(document: Document) -> Iterable[Row]:
    """Numbers are incidents, lists incidents and an execution."""
    told = msgspec.json.decode(document.body, type=int | list[int])
    for number in told if isinstance(told, list) else [told]:
        yield Incident(id=str(number), application="shop", opened_at=number)
    if isinstance(told, list):
        yield Execution(id=str(told), application="shop", root_id="r", status="running")


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.Load]:
    with database.open_load(tmp_path_factory.mktemp("data"), "numbers") as load:
        yield load


def number(value: object) -> Document:
    return Document("number", msgspec.json.encode(value))


def test_a_chunk_becomes_tables(load: database.Load) -> None:
    """A table for each kind of row, in the order of the documents, under the source and the load."""
    tables, failed = Parser(read, load.schema, "s", "l").parse_chunk([number(2), number([7, 1])])
    assert tables["incident"]["id"].to_pylist() == ["2", "7", "1"]
    assert set(tables) == {"incident", "execution"}
    assert {(row["source"], row["load_id"]) for table in tables.values() for row in table.to_pylist()} == {("s", "l")}
    assert failed == {}


def test_what_can_not_be_read_is_put_aside(load: database.Load) -> None:
    """Bad JSON, a wrong type and endless nesting are named by their place, each with its reason."""
    bad = [Document("number", b"<html>"), number("two"), Document("number", b"[" * 100_000)]
    tables, failed = Parser(read, load.schema, "s", "l").parse_chunk([number(1), *bad, number(2)])
    assert tables["incident"]["id"].to_pylist() == ["1", "2"]
    assert list(failed) == [1, 2, 3]
    assert all(failed.values())


def test_other_errors_are_errors(load: database.Load) -> None:
    """A fault of a parser is no fault of a document: it ends the run."""

    def broken(document: Document) -> Iterable[Row]:
        raise KeyError(document.kind)

    with pytest.raises(KeyError):
        Parser(broken, load.schema, "s", "l").parse_chunk([number(1)])


def test_the_collector_is_left_as_it_was(load: database.Load) -> None:
    """Nothing is collected while a chunk is parsed, and after it all goes on as before, whatever went wrong."""
    seen = []

    def watched(document: Document) -> Iterable[Row]:
        seen.append(gc.isenabled())
        raise KeyError(document.kind)

    with pytest.raises(KeyError):
        Parser(watched, load.schema, "s", "l").parse_chunk([number(1)])
    assert (seen, gc.isenabled()) == ([False], True)


def test_tables_are_those_of_the_contract(load: database.Load) -> None:
    """Every table that comes out can be landed as it is."""
    made = Parser(read, load.schema, "s", "l").parse_chunk([number(1), number([2, 3])])
    assert {name: table.schema for name, table in made.tables.items()} == {n: load.schema(n) for n in made.tables}
    assert all(isinstance(table, pa.Table) for table in made.tables.values())
