"""One landing of many scenarios, each with sources, applications and repositories of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dora.config.settings import Config
from dora.storage import database
from tests.conftest import Facts, land

# What a name of a scenario becomes beside those of the others.
NAMES = {
    "source": "'{name} ' || source",
    "application": "'{name}-' || application",
    "applications": "list_transform(applications, lambda each: '{name}-' || each)",
    "repository": "'{name}-' || repository",
}


def pool(folder: Path, scenarios: Mapping[str, dict[str, Any]], **settings: Any) -> Config:
    """Land scenarios (fields of ``Facts``) one by one, and all of their rows in one landing.

    Return the settings of its build: each application has the definitions of its scenario.
    """
    tables: defaultdict[str, list[pa.Table]] = defaultdict(list)
    for name, fields in scenarios.items():
        land(folder / name, Facts(**fields))
        with duckdb.connect(str(folder / name / database.LANDING), read_only=True) as con:
            for table in ("load", *database.fact_tables()):
                tables[table].append(_rename(con, table, name))
    data = folder / "pool"
    data.mkdir(parents=True)
    loads = pa.concat_tables(tables.pop("load"))
    with database.open_load(data, "pool") as load:
        load.commit({table: pa.concat_tables(rows) for table, rows in tables.items()})
        load.con.register("loads", loads).execute("INSERT INTO load BY NAME FROM loads")
    definitions = {name: fields.get("settings", {}).get("definitions", {}) for name, fields in scenarios.items()}
    own = [{"match": [f"{name}-*"], **of_scenario} for name, of_scenario in definitions.items()]
    return Config(data=data, applications=[*own, *settings.pop("applications", [])], **settings)


def _rename(con: duckdb.DuckDBPyConnection, table: str, name: str) -> pa.Table:
    columns = {column for column, *_ in con.execute(f'DESCRIBE "{table}"').fetchall()}
    renamed = [f"{sql.format(name=name)} AS {column}" for column, sql in NAMES.items() if column in columns]
    return con.sql(f'SELECT * REPLACE ({", ".join(renamed)}) FROM "{table}"').to_arrow_table()
