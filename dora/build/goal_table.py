"""Write the goals of dora.toml into the build, which pages, commands and notebooks read."""

from __future__ import annotations

from dora.config.goals import read_goals
from dora.config.settings import Config
from dora.sql import catalog
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection


def write_goals(con: Connection, config: Config) -> None:
    """Create ``goals``, with one row per owner and metric. Raises ``UsageError`` for a goal that can not be read."""
    columns = "owner VARCHAR, name VARCHAR, metric VARCHAR, statistic VARCHAR, bound VARCHAR, goal DOUBLE"
    con.execute(f"CREATE TABLE goals ({columns})")
    units = {metric.name: metric.unit for metric in catalog.metrics().values()}
    insert_rows(con, "goals", read_goals(config, units))
