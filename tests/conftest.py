"""Shared by all tests: a folder of facts, ingested and built by the real code."""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import json
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import hypothesis
import msgspec
import pytest
import yaml

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.storage import database, landing
from dora.storage.rows import FACT_TABLES
from dora.storage.rows.base import Row
from ingest import files, spinnaker
from ingest.core.pipeline import pull
from ingest.core.source import AsOf, Document, Item, Request, SourceState
from tests.orca.executions import make_executions

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TRUTH, PAGES, FAULTS, PORTABILITY = (
    ROOT / "tests" / name for name in ("test_truth.py", "dashboards", "faults", "portability")
)
BROWSER, CLICKS = PAGES / "browser", PAGES / "browser" / "clicks"
PARTS, SPARK = (ROOT / "tests" / "dora" / name for name in ("parts", "engines"))
# Groups that one worker runs, the longest first.
LONGEST = (CLICKS, BROWSER, TRUTH, FAULTS, PAGES, PORTABILITY, SPARK, PARTS)
SPAN = ("since", "until")
PLANTED = (b"s3cret", b"spk_planted", b"spk_wrong", b"wr0ng")  # each secret of a test has one of these in it

# The same examples each run, so that a failure comes from the code; `--hypothesis-profile=search` looks further.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups when its own hook is called
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run what shares a set-up, and start with the longest."""
    for item in items:
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="../shared does not exist"))
        if item.path == TRUTH:
            item.add_marker(pytest.mark.xdist_group(item.name.partition("[")[2].rstrip("]") or item.name))
        # One build, one server and one browser for each of three workers: on one these tests would take longest.
        elif folder := next((folder for folder in (CLICKS, BROWSER, PAGES) if folder in item.path.parents), None):
            item.add_marker(pytest.mark.xdist_group(folder.name))
        elif not item.get_closest_marker("xdist_group") and (place := find_shared_set_up(item)):
            item.add_marker(pytest.mark.xdist_group(place))
    items.sort(key=lambda item: [path not in (item.path, *item.path.parents) for path in LONGEST])


def find_shared_set_up(item: pytest.Item) -> str | None:
    """Return the folder or else the file whose fixture, made once for all its tests, a test uses."""
    definitions = item._fixtureinfo.name2fixturedefs.values() if isinstance(item, pytest.Function) else ()
    files = {
        Path(fixture.func.__code__.co_filename)
        for each in definitions
        for fixture in each
        if fixture.scope in ("session", "module")
    }
    places = {file.parent if file.name == "conftest.py" else file for file in files}
    shared = [place.relative_to(ROOT).as_posix() for place in places if ROOT / "tests" in place.parents]
    return min(shared, key=len, default=None)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the tests do: modules, and thousands of tests."""
    gc.collect()
    gc.freeze()


def pytest_sessionstart() -> None:
    """Let Ctrl-C and the end of a terminal end commands that tests start, also if the tests run under nohup."""
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """One database in memory for all tests: starting one takes 20 ms."""
    return duckdb.connect()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database file, read-only."""
    quoted = str(path).replace("'", "''")
    con = engine().execute(f"ATTACH '{quoted}' AS opened (READ_ONLY)").execute("USE opened")
    try:
        yield con
    finally:
        con.execute("USE memory").execute("DETACH opened")


def landed(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query on the landing file."""
    with opened(data / landing.LANDING) as con:
        return con.execute(sql).fetchall()


@cache
def _prepared() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with database.replace_landing(data):
            pass
        return (data / landing.LANDING).read_bytes()


def fresh(data: Path) -> Path:
    """A data folder with an empty landing file, copied because creating one takes longer than most loads of tests."""
    path = data / landing.LANDING
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_prepared())
    return data


@dataclass
class Facts:
    """Facts by kind, and the settings to read them with.

    Files are text tables (``a | b`` under ``x | y``), ``spinnaker`` has the compact executions of ``tests/orca``,
    ``cdevents`` whole events, ``rows`` rows of landing tables.
    """

    deployments: str = ""
    changes: str = ""
    change_requests: str = ""
    incidents: str = ""
    verdicts: str = ""
    events: str = ""
    spinnaker: list[dict[str, Any]] = field(default_factory=list)
    cdevents: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    as_of: datetime | None = datetime(2026, 6, 1, tzinfo=UTC)
    settings: Mapping[str, Any] = field(default_factory=dict)


class Landed:
    """A source that lands rows directly, for facts that only Spinnaker has."""

    name: ClassVar[str] = "landed"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        if self.facts.as_of:
            yield AsOf(self.facts.as_of)
        for table, rows in self.facts.rows.items():
            for row in rows:
                yield Document(table, msgspec.json.encode(row))

    def parse(self, document: Document) -> list[Row]:
        values = msgspec.json.decode(document.body)
        times = {key: _micros(value) for key, value in values.items() if key.endswith("_at") or key in SPAN}
        return [msgspec.convert(values | times, FACT_TABLES[document.kind])]


class Dated:
    """A source with a fixed clock, so that pending items have an age; a base before the real source."""

    as_of: ClassVar[datetime]

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        yield AsOf(self.as_of)
        items: Iterator[Item] = super().fetch(request, state)  # type: ignore[misc]
        yield from (item for item in items if not isinstance(item, AsOf))


def _micros(value: object) -> int | None:
    if value is None:
        return None
    return int(datetime.fromisoformat(str(value)).timestamp() * 1_000_000)


def table(text: str) -> str:
    """A text table as CSV; its first column is the id, dates may leave out their ``Z``; a line break is ``\\n``."""
    lines = [
        [cell.strip().replace("\\n", "\n") for cell in line.split("|")]
        for line in text.strip().splitlines()
        if line.strip()
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def _dated(source: Any, facts: Facts, folder: Path) -> Any:
    """A source with the clock of the facts; without one it has its own."""
    settings = facts.settings.get("sources", {}).get(source.name, {})
    if facts.as_of is None:
        return source.from_settings(settings, folder)
    return type(source.__name__, (Dated, source), {"as_of": facts.as_of}).from_settings(settings, folder)


def land(folder: Path, facts: Facts) -> Config:
    """Ingest facts into a folder by the real sources, and return the settings of its build."""
    config = Config(data=fresh(folder), **facts.settings)
    paths = []
    for kind in ("deployments", "changes", "change_requests", "incidents", "verdicts", "events"):
        if text := getattr(facts, kind):
            paths.append(folder / f"{kind}.csv")
            paths[-1].write_text(table(text))
    if facts.rows:
        pull(Landed(facts), folder, Request())
    if facts.spinnaker:
        saved = folder / "executions.json"
        saved.write_text(json.dumps(make_executions(facts.spinnaker)))
        pull(_dated(spinnaker.SOURCE, facts, folder), folder, Request(load=(saved,)))
    if facts.cdevents:
        events = folder / "cdevents.jsonl"
        events.write_text("".join(f"{json.dumps(event)}\n" for event in facts.cdevents))
        paths.append(events)
    if paths:
        pull(_dated(files.SOURCE, facts, folder), folder, Request(paths=tuple(paths)))
    return config


def built(folder: Path, facts: Facts) -> dora.Delivery:
    """Ingest facts into a folder by the real sources, build, and open the result."""
    build(land(folder, facts))
    return dora.open(folder / "dora.duckdb")


def read_scenario(name: str) -> dict[str, Any]:
    """The facts of a story in ``tests/scenarios``, as fields of ``Facts``."""
    story = yaml.safe_load((ROOT / "tests" / "scenarios" / f"{name}.yaml").read_text())
    fields = {key: value for key, value in story.items() if key not in ("title", "expect")}
    return fields | {"as_of": story["as_of"].replace(tzinfo=UTC)}


@pytest.fixture(scope="session")
def built_in() -> Callable[..., dora.Delivery]:
    """Build facts (the fields of ``Facts``) in a folder."""
    return lambda folder, **fields: built(folder, Facts(**fields))


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., dora.Delivery]:
    """Build facts (the fields of ``Facts``) in the folder of the test."""
    return lambda **fields: built(tmp_path, Facts(**fields))


@pytest.fixture(scope="module")
def facts_of_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dora.Delivery]:
    """Build facts once for all tests of a file, which only read them."""
    return lambda **fields: built(tmp_path_factory.mktemp("facts"), Facts(**fields))
