"""Landing → models → metrics → checks → a new dora.duckdb, moved in only when no check says stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from dora.config import definitions
from dora.errors import StaleError, counted
from dora.lineage import table
from dora.sql import catalog, daily_counts
from dora.sql.catalog import Finding
from dora.storage import database
from dora.storage.schema import BUILD_LAYOUT

if TYPE_CHECKING:
    from dora.config.settings import Config
    from dora.storage.database import Connection

EXAMPLES = 20
OBSERVATION = "application, happened_at, subject, value::DOUBLE AS value, censored, excluded"
LINEAGE = dict.fromkeys(("lineage", "shipped_commits", "included_commits"), "SELECT * FROM attempts")


def build(
    config: Config,
    report: Callable[[str], None] = lambda _: None,
    *,
    landing: Path | None = None,
    into: Path | None = None,
) -> list[Finding]:
    """Build dora.duckdb from landing.duckdb and swap it in; return what the checks found.

    ``landing`` is another folder to read facts from, ``into`` another file to write.
    Raises ``StaleError`` where a check of severity stop found rows: the last build then stays in place.
    """
    definitions.validate(config)
    with database.build_database(landing or config.data, into) as con:
        _record(con, config)
        definitions.write(con, config)
        _models(con, report)
        _metrics(con, report)
        findings = [_checked(con, check) for check in catalog.checks().values()]
        _keep(con, findings)
        _stop(findings)
    return findings


def _record(con: Connection, config: Config) -> None:
    """One row that says what this build is made of; ``as_of`` is the clock of whoever tells of deployments."""
    built_at = datetime.now(UTC).replace(tzinfo=None)
    con.execute(
        "CREATE TABLE build AS SELECT coalesce("
        " max(as_of) FILTER (source IN (SELECT DISTINCT source FROM landing.execution)), max(as_of)) AS as_of,"
        " ?::TIMESTAMP AS built_at, ? AS timezone, ?::DOUBLE AS stale_after_hours, ? AS version, version() AS engine,"
        " ?::INTEGER AS layout"
        " FROM landing.load WHERE finished_at IS NOT NULL",
        [
            built_at,
            config.timezone,
            config.stale_after_hours,
            metadata.version("delivery-metrics"),
            BUILD_LAYOUT,
        ],
    )
    con.execute("CREATE TABLE loads AS SELECT * FROM landing.load")
    con.execute("CREATE TABLE control_totals AS SELECT * FROM landing.control_total")


def _models(con: Connection, report: Callable[[str], None]) -> None:
    """Models are written into the build; steps, which only they read, are gone with the connection."""
    models, steps = catalog.queries("models"), catalog.queries("intermediate")
    for name in database.sort_by_dependency(con, models | steps | LINEAGE):
        report(f"model {name}")
        if name == "lineage":
            table.trace(con)
        elif name in models:
            con.execute(f'CREATE TABLE "{name}" AS {models[name]}')
        elif name in steps:
            con.execute(f'CREATE TEMP TABLE "{name}" AS {steps[name]}')


def _metrics(con: Connection, report: Callable[[str], None]) -> None:
    con.execute("CREATE SCHEMA metrics").execute("CREATE SCHEMA days")
    for metric in catalog.metrics().values():
        report(f"metric {metric.name}")
        con.execute(f'CREATE TABLE metrics."{metric.name}" AS SELECT {OBSERVATION} FROM ({metric.sql})')  # noqa: S608
        daily_counts.write(con, metric.name)
    _together(con)


def _together(con: Connection) -> None:
    """One view of every metric's observations, for whoever asks in SQL."""
    each = [
        f"SELECT '{name}' AS metric, *, '{one.unit}' AS unit FROM metrics.\"{name}\""  # noqa: S608
        for name, one in catalog.metrics().items()
    ]
    con.execute(f"CREATE VIEW observations AS {' UNION ALL '.join(each)}")


def _checked(con: Connection, check: catalog.Check) -> Finding:
    rows = con.execute(f"SELECT count(*) FROM ({check.sql})").fetchall()[0][0]  # noqa: S608
    examples: list[dict[str, object]] = []
    if rows:
        cursor = con.execute(f"SELECT * FROM ({check.sql}) ORDER BY ALL LIMIT {EXAMPLES}")  # noqa: S608
        names = [column[0] for column in cursor.description or []]
        examples = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return Finding(check.name, check.title, check.severity, rows, examples, check.next)


def _keep(con: Connection, findings: list[Finding]) -> None:
    con.execute(
        "CREATE TABLE check_results"
        " (name VARCHAR, title VARCHAR, severity VARCHAR, rows BIGINT, examples VARCHAR, next VARCHAR)"
    )
    con.executemany(
        "INSERT INTO check_results VALUES (?, ?, ?, ?, ?, ?)",
        [[f.check, f.title, f.severity, f.rows, json.dumps(f.examples, default=str), f.next] for f in findings],
    )


def _stop(findings: list[Finding]) -> None:
    stops = [finding for finding in findings if finding.severity == "stop" and finding.rows]
    if stops:
        said = "; ".join(f"{stop.check}: {counted(stop.rows, 'row')}, such as {stop.examples[0]}" for stop in stops)
        raise StaleError(f"The build was thrown away and the last one kept: {said}.", stops[0].next)
