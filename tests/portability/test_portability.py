"""The SQL of the build gives the same rows on Sail (Spark Connect) and ClickHouse, over a landing of many scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from dora.build.run import write_inputs, write_observations, write_tables
from dora.parts.landings import join_landings
from dora.sql import catalog
from dora.storage import database
from dora.storage.database import Connection
from tests.conftest import engine
from tests.portability import engines
from tests.portability.pool import pool
from tests.portability.rules import IS_NULL, read_tables
from tests.test_scenarios import read_facts

LANDING = yaml.safe_load((Path(__file__).parent / "landing.yaml").read_text())
# They stop a build, so no build has rows of them.
STOPPING = {f"checks.{check.name}" for check in catalog.checks().values() if check.severity == "stop"}
FOLDERS = ("intermediate", "models", "metrics", "checks")
FILES = {f"{folder}.{name}": sql for folder in FOLDERS for name, sql in catalog.queries(folder).items()}

pytestmark = pytest.mark.xdist_group("portability")


@dataclass
class Tables:
    """What the files of SQL read and what they give in a build, as Parquet files by name."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    schema: dict[str, dict[str, str]] = field(default_factory=dict)

    def write(self, con: Connection) -> None:
        for file, sql in FILES.items():
            folder, _, name = file.partition(".")
            self._copy(con, file, f'FROM "{name}"' if folder in ("intermediate", "models") else sql)
            for table, source in read_tables(sql).items():
                if table not in self.schema:
                    columns = con.execute(f"DESCRIBE FROM {source}").fetchall()
                    self.schema[table] = {column: kind for column, kind, *_ in columns}
                    lists = [column for column, kind in self.schema[table].items() if kind.endswith("[]")]
                    nulls = [f'"{column}" IS NULL AS "{column}{IS_NULL}"' for column in lists]
                    self._copy(con, table, f"SELECT {', '.join(['*', *nulls])} FROM {source}")

    def _copy(self, con: Connection, name: str, sql: str) -> None:
        (self.rows[name],) = con.execute(f"COPY ({sql}) TO '{self.folder / name}.parquet'").fetchone() or (0,)

    def inputs(self) -> Iterator[Path]:
        return (self.folder / f"{table}.parquet" for table in self.schema)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    others = {name: facts | {"as_of": facts["as_of"].replace(tzinfo=UTC)} for name, facts in LANDING["others"].items()}
    scenarios = {name: read_facts(name) for name in LANDING["scenarios"]} | others
    folder = tmp_path_factory.mktemp("landings")
    config = pool(folder / "all", scenarios, **LANDING["settings"])
    again = pool(folder / "again", {"rest": others["rest"]})
    landing = join_landings([str(config.data), str(again.data)], config.data)
    written = Tables(tmp_path_factory.mktemp("tables"))
    with database.build_database(landing, folder / "dora.duckdb") as con:
        write_inputs(con, config)
        write_tables(con)
        write_observations(con)
        written.write(con)
    return written


@pytest.fixture(scope="module", params=[engines.Sail, engines.ClickHouse], ids=lambda each: each.__name__)
def other(request: pytest.FixtureRequest, tables: Tables) -> Iterator[engines.Sail | engines.ClickHouse]:
    started = request.param(tables.inputs())
    yield started
    started.close()


def test_no_table_is_empty(tables: Tables) -> None:
    """Every table that a file reads or gives has rows, but those of checks that stop a build."""
    assert {name for name, rows in tables.rows.items() if not rows} == STOPPING


@pytest.mark.parametrize("file", FILES)
def test_same_rows(file: str, other: engines.Sail | engines.ClickHouse, tables: Tables) -> None:
    """Each file of SQL, translated by the rules, gives the rows of DuckDB on the other engine."""
    rows = other.query(other.translate(FILES[file], tables.schema))
    assert compare(tables.folder / f"{file}.parquet", rows, has_null_lists=other.has_null_lists) == ([], [])


def compare(expected: Path, rows: pa.Table, *, has_null_lists: bool) -> tuple[list[Any], list[Any]]:
    """Return some rows that are missing and some that are too many; numbers are compared exactly."""
    con = engine().cursor()
    columns = con.execute(f"DESCRIBE FROM '{expected}'").fetchall()
    assert [name for name, *_ in columns] == rows.column_names
    casts = [f'"{name}"::{kind} AS "{name}"' for name, kind, *_ in columns]
    if not has_null_lists:
        casts = [
            f'coalesce("{name}", []) AS "{name}"' if kind.endswith("[]") else cast
            for cast, (name, kind, *_) in zip(casts, columns, strict=True)
        ]
    con.register("actual", rows)
    con.execute(f"CREATE OR REPLACE TEMP VIEW own AS SELECT {', '.join(casts)} FROM '{expected}'")
    con.execute(f"CREATE OR REPLACE TEMP VIEW others AS SELECT {', '.join(casts)} FROM actual")
    missing, extra = (
        con.execute(f"(FROM {left}) EXCEPT ALL (FROM {right}) LIMIT 3").fetchall()
        for left, right in (("own", "others"), ("others", "own"))
    )
    return missing, extra
