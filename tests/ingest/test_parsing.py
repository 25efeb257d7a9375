"""Chunks of documents → Arrow tables: what one process makes of them, and that a second one changes nothing."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora import warehouse
from ingest import parsing, sources
from ingest.archive import Document
from ingest.parsing import MUCH, Parsed, Parser, Parsing
from ingest.rows import Execution, Incident, Row
from ingest.source import Source


def read(document: Document) -> Iterable[Row]:
    """Numbers are incidents, pairs an incident and an execution; ``who`` tells the process."""
    told = msgspec.json.decode(document.body, type=int | list[int])
    for number in told if isinstance(told, list) else [told]:
        yield Incident(id=str(number), application="shop", opened_at=number, title=str(os.getpid()))
    if isinstance(told, list):
        yield Execution(id=str(told), application="shop", root_id="r", status="running")


class Numbers:
    """A source of numbers, which a second process can parse."""

    name: ClassVar[str] = "numbers"
    parser = staticmethod(read)
    parse = staticmethod(read)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[warehouse.Load]:
    with warehouse.begin_load(tmp_path_factory.mktemp("data"), "numbers") as load:
        yield load


def number(value: object, pad: int = 0) -> Document:
    return Document("number", msgspec.json.encode(value) + b" " * pad)


def told(parsed: Parsed) -> tuple[dict[str, list[dict[str, Any]]], dict[int, str]]:
    """What was made, without who made it."""
    tables = {name: table.drop_columns("title") if name == "incident" else table for name, table in parsed[0].items()}
    return {name: table.to_pylist() for name, table in tables.items()}, parsed.failed


def makers(parsed: Iterable[Parsed]) -> set[str]:
    return {title for one in parsed for title in one.tables["incident"]["title"].to_pylist()}


# --- one chunk ------------------------------------------------------------------------------------


def test_a_chunk_becomes_tables(load: warehouse.Load) -> None:
    """A table for each kind of row, in the order of the documents, under the source and the load."""
    tables, failed = Parser(read, load.schema, "s", "l")([number(2), number([7, 1])])
    assert tables["incident"]["id"].to_pylist() == ["2", "7", "1"]
    assert set(tables) == {"incident", "execution"}
    assert {(row["source"], row["load_id"]) for table in tables.values() for row in table.to_pylist()} == {("s", "l")}
    assert failed == {}


def test_what_can_not_be_read_is_put_aside(load: warehouse.Load) -> None:
    """Bad JSON, a wrong type and endless nesting are named by their place, each with its reason."""
    bad = [Document("number", b"<html>"), number("two"), Document("number", b"[" * 100_000)]
    tables, failed = Parser(read, load.schema, "s", "l")([number(1), *bad, number(2)])
    assert tables["incident"]["id"].to_pylist() == ["1", "2"]
    assert list(failed) == [1, 2, 3]
    assert all(failed.values())


def test_other_errors_are_errors(load: warehouse.Load) -> None:
    """A fault of a parser is no fault of a document: it ends the run."""

    def broken(document: Document) -> Iterable[Row]:
        raise KeyError(document.kind)

    with pytest.raises(KeyError):
        Parser(broken, load.schema, "s", "l")([number(1)])


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.integers(1, 9) | st.lists(st.integers(1, 9), max_size=3) | st.text(max_size=2)))
def test_it_passes_to_another_process(load: warehouse.Load, values: list[object]) -> None:
    """A parser with its schemas, a chunk and what it makes survive the way there and back."""
    schemas = {table: load.schema(table) for table in warehouse.facts()}
    parser = Parser(read, schemas.__getitem__, "s", "l")
    chunk = [number(value) for value in values]
    again: Parser = pickle.loads(pickle.dumps(parser, 5))
    passed: Parsed = pickle.loads(pickle.dumps(again(pickle.loads(pickle.dumps(chunk, 5))), 5))
    assert passed == parser(chunk)


# --- who parses -----------------------------------------------------------------------------------


def parsed(source: Any, load: warehouse.Load, chunks: list[list[Document]]) -> list[Parsed]:
    with closing(Parsing(source, load.schema, load.id)) as both:
        return [future.result() for future in [both.do(chunk) for chunk in chunks]]


CHUNKS = [[number(n, pad=MUCH // 4), number("bad"), number([n, n + 1])] for n in range(1, 24)]


def test_a_second_process_changes_nothing(load: warehouse.Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """With much to parse two processes do it, and make chunk by chunk what one makes."""
    monkeypatch.setattr(parsing, "_cores", lambda: 2)
    both = parsed(Numbers, load, CHUNKS)
    monkeypatch.setattr(parsing, "_cores", lambda: 1)
    alone = parsed(Numbers, load, CHUNKS)
    assert [told(one) for one in both] == [told(one) for one in alone]
    assert makers(alone) == {str(os.getpid())}
    assert len(makers(both)) == 2


def test_little_is_parsed_here(load: warehouse.Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night's few megabytes start no process, nor does a source whose parser can not be passed on."""
    monkeypatch.setattr(parsing, "_cores", lambda: 2)

    class Here:
        name: ClassVar[str] = "here"
        parse = staticmethod(read)

    assert makers(parsed(Numbers, load, CHUNKS[:3])) == {str(os.getpid())}
    assert makers(parsed(Here, load, CHUNKS[:12])) == {str(os.getpid())}


def test_the_parser_of_a_source_is_what_it_parses_with(tmp_path: Path) -> None:
    """A source that has both says the same with both, after the way through a pickle."""
    configured: Source = sources()["spinnaker"].configured({"deck": "https://deck.example"}, tmp_path)
    document = Document("execution", b'{"id":"E1","application":"shop","status":"SUCCEEDED"}')
    parser = pickle.loads(pickle.dumps(configured.parser))  # type: ignore[attr-defined]
    assert list(parser(document)) == list(configured.parse(document)) != []
    assert "deck.example" in str(list(parser(document)))


def test_tables_are_those_of_the_contract(load: warehouse.Load) -> None:
    """Every table that comes out can be landed as it is."""
    (made,) = parsed(Numbers, load, CHUNKS[:1])
    assert {name: table.schema for name, table in made.tables.items()} == {n: load.schema(n) for n in made.tables}
    assert all(isinstance(table, pa.Table) for table in made.tables.values())
