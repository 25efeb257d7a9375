"""How long a build takes, and each weekly metric, beside the bare query that it can not do without.

Run: ``python -m tests.benchmarks.metrics [--build EXECUTIONS ...] [--observations N]``
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import duckdb

import dora
from dora.build.run import build, write_daily_counts
from dora.config.settings import Config
from dora.query.value import Scope
from dora.storage import database

APPLICATIONS, DAYS = 50, 730
START = "TIMESTAMP '2024-11-01'"
AT = f"{START} + to_microseconds((i * {DAYS} * 86400e6 / $n)::BIGINT)"
APPLICATION = f"'app' || i % {APPLICATIONS}"
REPOSITORY = f"'acme/app' || i % {APPLICATIONS}"


def sha(place: str) -> str:
    """SQL for the commit of a place."""
    return f"substr(md5(({place})::VARCHAR), 1, 32) || '00000000'"


EXECUTIONS = f"""
SELECT 'bench' AS source, 'e' || i AS id, 'bench' AS load_id, 1 AS revision, {APPLICATION} AS application,
  'deploy' AS pipeline, 'e' || i AS root_id, 'succeeded' AS status, {AT} AS queued_at, {AT} AS started_at,
  {AT} + INTERVAL 9 MINUTE AS finished_at, 'git' AS trigger, false AS dry_run, {REPOSITORY} AS repository,
  {sha("i")} AS commit
FROM range($n) t(i)
"""
ROLLOUTS = f"""
SELECT 'bench' AS source, 'r' || i AS id, 'bench' AS load_id, 1 AS revision, 'e' || i AS execution_id,
  {APPLICATION} AS application, 'deploy' AS action, 'production' AS environment, 'prod' AS account, 'web' AS cluster,
  CASE WHEN i % 23 = 7 THEN 'failed' ELSE 'succeeded' END AS status, {AT} AS started_at,
  {AT} + INTERVAL 3 MINUTE AS first_traffic_at,
  CASE WHEN i % 23 <> 7 THEN {AT} + INTERVAL 8 MINUTE END AS full_traffic_at, {AT} + INTERVAL 9 MINUTE AS finished_at
FROM range($n) t(i)
"""
COMMITS = f"""
SELECT 'bench' AS source, 'acme/app' || i % {APPLICATIONS} || '@' || {sha("i")} AS id, 'bench' AS load_id,
  {REPOSITORY} AS repository, {sha("i")} AS sha,
  CASE WHEN i < {APPLICATIONS} THEN [] ELSE [{sha(f"i - {APPLICATIONS}")}] END AS parents,
  {AT} - INTERVAL 20 MINUTE AS authored_at, {AT} - INTERVAL 10 MINUTE AS committed_at,
  'ada' AS author, 'tidy' AS subject
FROM range($n) t(i)
"""
CHANGES = f"""
SELECT 'bench' AS source, 'acme/app' || i % {APPLICATIONS} || '@' || {sha("i")} AS id, 'bench' AS load_id,
  {REPOSITORY} AS repository, {sha("i")} AS sha, {AT} - INTERVAL 10 MINUTE AS merged_at, true AS on_trunk,
  'direct' AS kind
FROM range($n) t(i)
"""
TABLES = {"execution": EXECUTIONS, "rollout": ROLLOUTS, "commit": COMMITS, "change": CHANGES}

OBSERVED = f"""
INSERT INTO metrics."{{metric}}" BY NAME
SELECT 'app' || hash(i) % {APPLICATIONS} AS application,
  {START} + to_microseconds((hash(i * 3) % ({DAYS} * 86400000000))::BIGINT) AS happened_at,
  's' || i AS subject, {{value}} AS value, hash(i * 5) % 50 = 0 AND {{open}} AS censored
FROM range($n) t(i)
"""
VALUES = {
    "deployment_frequency": ("1.0", "false"),
    "change_failure_rate": ("(hash(i * 7) % 20 = 0)::INT", "false"),
    "rework_rate": ("(hash(i * 7) % 30 = 0)::INT", "false"),
    "lead_time": ("(hash(i * 7) % 100000) / 1000.0", "true"),
}
WEEK = "date_trunc('week', happened_at)"
BARE = {
    "deployment_frequency": f"SELECT application, {WEEK} w, count(*) FROM o GROUP BY ALL",
    "change_failure_rate": f"SELECT application, {WEEK} w, count(*), sum(value) FROM o GROUP BY ALL",
    "rework_rate": f"SELECT application, {WEEK} w, count(*), sum(value) FROM o GROUP BY ALL",
    "lead_time": f"SELECT application, {WEEK} w, count(*), quantile_cont(value, [0.5, 0.9]) FROM o GROUP BY ALL",
}


class Timing(NamedTuple):
    """Seconds by the wall clock, and of all processors."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.processor:.2f} s of processors)"


def measure(work: Callable[[], object], runs: int = 3) -> Timing:
    """The shortest of some runs, by either clock."""
    timings = []
    for _ in range(runs):
        started, spent = time.perf_counter(), processor_seconds()
        work()
        timings.append(Timing(time.perf_counter() - started, processor_seconds() - spent))
    return Timing(min(timing.wall for timing in timings), min(timing.processor for timing in timings))


def processor_seconds() -> float:
    return sum(os.times()[:4])


def measure_wall(work: Callable[[], object], runs: int = 3) -> float:
    """The shortest of some runs, in seconds."""
    return measure(work, runs).wall


def land_executions(folder: Path, executions: int) -> None:
    """So many executions, each with a rollout, a commit and a change of its own, through a load of landing."""
    with database.open_load(folder, "bench") as load, duckdb.connect() as con:
        for table, sql in TABLES.items():
            schema = load.schema(table)
            rows = con.sql(sql.replace("$n", str(executions))).to_arrow_table()
            missing = [column for column in schema.names if column not in rows.column_names]
            for column in missing:
                rows = rows.append_column(column, [[None] * len(rows)])
            load.commit({table: rows.select(schema.names).cast(schema)}, {})
        end = con.execute(f"SELECT {START} + to_days({DAYS + 1})").fetchall()[0][0]
        load.finish(as_of=end, documents=0, quarantined=0, partial_failures=[])


def measure_builds(sizes: list[int]) -> None:
    """A build of each size, and by how much more a larger one takes."""
    before = None
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            land_executions(Path(folder), size)
            wall = measure_wall(lambda: build(Config(data=Path(folder))), 1)
            ratio = f" · {wall / before[1]:.1f} x the time of {before[0]:,}" if before else ""
            print(f"build of {size:,} executions and changes: {wall:.1f} s (target: 10 s for 2,000,000){ratio}")
            before = (size, wall)


def measure_weekly(rows: int) -> None:
    """Each weekly metric by application, beside the bare query, and pandas and polars where they are there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        land_executions(folder, 2 * APPLICATIONS)
        build(Config(data=folder))
        with duckdb.connect(folder / "dora.duckdb") as con:
            for metric, (value, still) in VALUES.items():
                con.execute(OBSERVED.format(metric=metric, value=value, open=still), {"n": rows})
                counting = measure_wall(partial(write_daily_counts, con, metric), 1)
                print(f"{metric}: its days are counted in {counting:.2f} s, once, when built")
        delivery = dora.open(folder / "dora.duckdb")
        for metric in VALUES:
            _compute_one(delivery, metric, rows)
        command = [sys.executable, "-m", "dora", "show", "deployment_frequency"]
        (folder / "dora.toml").write_text('data = "."\n')
        show = measure(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True), 5)
        floor = measure(lambda: subprocess.run([sys.executable, "-c", "import duckdb"], check=True), 5)
        print(f"dora show, cold, {rows:,} observations: {show} (target: 0.5 s); python and the engine alone {floor}")


def _compute_one(delivery: dora.Delivery, metric: str, rows: int) -> None:
    con = delivery.connection()
    con.execute(f'CREATE TEMP VIEW o AS SELECT * FROM dora.metrics."{metric}"')
    bare = measure(lambda: con.execute(BARE[metric]).fetchall())
    ours = measure(lambda: delivery.values(metric, Scope(by="application", every="week")))
    ratios = f"{ours.wall / bare.wall:.2f} x ({ours.processor / bare.processor:.2f} x of processors; target: 1.5 x)"
    print(f"{metric}, {rows:,} rows: ours {ours}, bare {bare}, {ratios}", end="")
    for name, load in PEERS.items():
        if find_spec(name):
            ask = load(con, metric)
            print(f", {name} {measure(ask, 2)}", end="")
            del ask
    print(flush=True)
    con.execute("DROP VIEW o")


def _pandas(con: database.Connection, metric: str) -> Callable[[], object]:
    frame = con.execute("SELECT application, happened_at, value FROM o").df()

    def ask() -> object:
        groups = frame.groupby(["application", frame["happened_at"].dt.to_period("W")])["value"]
        return groups.quantile([0.5, 0.9]) if metric == "lead_time" else groups.agg(["count", "sum"])

    return ask


def _polars(con: database.Connection, metric: str) -> Callable[[], object]:
    import polars as pl

    frame = pl.from_arrow(con.sql("SELECT application, happened_at, value FROM o").to_arrow_table()).lazy()
    value = pl.col("value")
    aggregates = [value.quantile(p).alias(f"p{p}") for p in (0.5, 0.9)] if metric == "lead_time" else [value.sum()]
    query = frame.group_by("application", pl.col("happened_at").dt.truncate("1w").alias("w")).agg(pl.len(), *aggregates)
    return lambda: query.collect(engine="streaming")


PEERS = {"pandas": _pandas, "polars": _polars}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=int, nargs="*", default=[200_000, 2_000_000])
    parser.add_argument("--observations", type=int, default=10_000_000)
    arguments = parser.parse_args()
    measure_builds(arguments.build)
    measure_weekly(arguments.observations)


if __name__ == "__main__":
    main()
