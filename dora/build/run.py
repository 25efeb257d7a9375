"""Build dora.duckdb: landing → definitions → models → metrics → checks → swap, unless a check stops the build."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from dora import periods
from dora.build.comments import write_comments
from dora.build.definition_tables import hash_definitions, write_definitions
from dora.build.goal_table import write_goals
from dora.build.hints import write_hints
from dora.build.local_times import write_local_times
from dora.build.names import write_names
from dora.build.observed_days import write_observed_days
from dora.build.people import write_people
from dora.config import definitions
from dora.config.settings import Config
from dora.errors import StaleError, counted
from dora.lineage import chains, table
from dora.sql import catalog
from dora.sql.catalog import CheckResult
from dora.storage import database
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection
from dora.storage.schema import BUILD_LAYOUT
from dora.targets import effects

EXAMPLES = 20  # rows of a failed check that the build keeps
OBSERVATION = "application, happened_at, subject, value::DOUBLE AS value, censored, excluded, entry, earliest"
# Of what shipped no change, and of what is no change and no deployment, it is unknown.
ASSISTANCE = "coalesce(assistance, 'unknown') AS assistance"
# A metric without late entry or without bounds has no such columns.
OPTIONAL = "UNION ALL BY NAME (SELECT NULL::DOUBLE AS entry, NULL::DOUBLE AS earliest LIMIT 0)"
Replacements = Mapping[str, str]  # queries by the name of the table that they make
NO_REPLACEMENTS: Replacements = MappingProxyType({})
# Python computes these. For the order of the models it is enough to know what they read.
EFFECTS = {"effects": "SELECT * FROM production_rollouts, execution_trees"}
LINEAGE = dict.fromkeys(
    ("lineage", "shipped_commits", "included_commits", "resolved_parts", "stand_in_commits"),
    "SELECT * FROM attempts, deciding_rollouts, served_targets, content_parts, rollout_templates, request_changes",
)
CHAINS = {name: f"SELECT * FROM {links}" for name, links in chains.LINKS.items()}  # noqa: S608 - our names


def build(
    config: Config,
    report: Callable[[str], None] = lambda _: None,
    *,
    landing: Path | None = None,
    into: Path | None = None,
) -> list[CheckResult]:
    """Build dora.duckdb from landing.duckdb, replace the last build and return the results of the checks.

    ``landing`` is another folder to read facts from, ``into`` another file to write. Raises ``StaleError``, and keeps
    the last build, if a check of severity stop finds rows.
    """
    definitions.validate(config)
    with database.build_database(landing or config.data, into) as con:
        write_inputs(con, config)
        write_tables(con, report)
        return finish(con, config)


def write_inputs(con: Connection, config: Config, replacements: Replacements = NO_REPLACEMENTS) -> None:
    """Create what models read beside landing: names, times, definitions, people and goals.

    ``replacements`` are queries for ``name_spellings``, ``build``, ``teams`` and ``people`` where landing is a part of
    a larger one, of which they are.
    """
    write_names(con, config, replacements.get("name_spellings"))
    _write_build_info(con, config, replacements.get("build"))
    write_definitions(con, config, replacements.get("teams"))
    write_local_times(con)
    write_people(con, config, replacements.get("people"))
    write_goals(con, config)


def write_tables(
    con: Connection, report: Callable[[str], None] = lambda _: None, replacements: Replacements = NO_REPLACEMENTS
) -> None:
    """Create the models and the metrics; ``replacements`` are queries in place of those of models."""
    _write_models(con, report, replacements)
    write_observed_days(con)
    _write_metrics(con, report)


def finish(con: Connection, config: Config) -> list[CheckResult]:
    """Write what describes a complete build, and return the results of the checks. Raises ``StaleError``."""
    con.execute("UPDATE build SET definitions_hash = ?", [hash_definitions(con)])
    write_observations(con)
    write_hints(con, config)
    results = _run_checks(con)
    write_comments(con)
    stops = [result for result in results if result.severity == "stop" and result.rows]
    if stops:
        rows = [f"{stop.check}: {counted(stop.rows, 'row')}, such as {stop.examples[0]}" for stop in stops]
        raise StaleError(f"The build was discarded and the last one kept: {'; '.join(rows)}.", stops[0].next)
    return results


def _write_build_info(con: Connection, config: Config, query: str | None) -> None:
    """Create ``build``, with one row about this build, and copy the loads and control totals of landing."""
    con.execute("CREATE TABLE loads AS SELECT * FROM landing.load")
    con.execute("CREATE TABLE control_totals AS SELECT * FROM landing.control_total")
    con.execute("CREATE TABLE older_detail (until TIMESTAMP, store VARCHAR)")  # filled where parts are joined
    if query:
        con.execute(f"CREATE TABLE build AS {query}")
        return
    built_at = datetime.now(UTC).replace(tzinfo=None)
    # The data is as old as its deployments: a git mirror fetched today must not hide that Spinnaker failed for a week.
    con.execute(
        "CREATE TABLE build AS SELECT coalesce("
        " max(as_of) FILTER (source IN (SELECT DISTINCT source FROM landing.execution)), max(as_of)) AS as_of,"
        " ?::TIMESTAMP AS built_at, ? AS build_id, NULL::VARCHAR AS definitions_hash,"
        " ? AS timezone, ?::DOUBLE AS stale_after_hours, ? AS version, version() AS engine,"
        " ?::INTEGER AS layout"
        " FROM landing.load WHERE finished_at IS NOT NULL",
        [
            built_at,
            uuid4().hex,
            config.timezone,
            config.stale_after_hours,
            metadata.version("delivery-metrics"),
            BUILD_LAYOUT,
        ],
    )


def _write_models(con: Connection, report: Callable[[str], None], replacements: Replacements) -> None:
    """Create the models; intermediate queries are temporary tables, since only models read them."""
    models, intermediate = (
        {name: replacements.get(name, query) for name, query in catalog.queries(folder).items()}
        for folder in ("models", "intermediate")
    )
    for name in database.sort_by_dependency(models | intermediate | EFFECTS | LINEAGE | CHAINS):
        report(f"model {name}")
        if name == "effects":
            effects.write_effects(con)
        elif name == "lineage":
            table.trace(con)  # creates the others of LINEAGE as well
        elif name in CHAINS:
            chains.write_chains(con, name)
        elif name in models:
            con.execute(f'CREATE TABLE "{name}" AS {models[name]}')
        elif name in intermediate:
            con.execute(f'CREATE TEMP TABLE "{name}" AS {intermediate[name]}')


def _write_metrics(con: Connection, report: Callable[[str], None]) -> None:
    """Create a table of observations and one of daily counts per metric."""
    con.execute("CREATE SCHEMA metrics").execute("CREATE SCHEMA daily_counts")
    for metric in catalog.metrics().values():
        report(f"metric {metric.name}")
        observations = f"(FROM ({metric.sql}) {OPTIONAL}) LEFT JOIN subject_assistance USING (application, subject)"
        con.execute(f'CREATE TABLE metrics."{metric.name}" AS SELECT {OBSERVATION}, {ASSISTANCE} FROM {observations}')  # noqa: S608 - our SQL files
        write_daily_counts(con, metric.name)


def write_observations(con: Connection) -> None:
    """Create a view of all observations."""
    selects = [
        f"SELECT '{metric.name}' AS metric, *, '{metric.unit}' AS unit FROM metrics.\"{metric.name}\""  # noqa: S608 - our names
        for metric in catalog.metrics().values()
    ]
    con.execute(f"CREATE VIEW observations AS {' UNION ALL '.join(selects)}")


def write_daily_counts(con: Connection, metric: str) -> None:
    """Create ``daily_counts."metric"`` beside ``metrics."metric"``: one row per application, day,
    exclusion and assistance.

    Its columns are ``application``, ``happened_at`` (the first of the day, UTC), ``day`` (local, null if there is no
    time), ``excluded``, ``assistance``, ``n``, ``open`` and ``total`` (of the values).
    """
    # A count or a share of weeks is an exact sum over days, so it need not read ten million rows again. What a window
    # cuts is counted from its observations; a test holds that both give the same.
    ((zone,),) = con.execute("SELECT timezone FROM build").fetchall()
    (span,) = con.execute(f'SELECT min(happened_at), max(happened_at) FROM metrics."{metric}"').fetchall()  # noqa: S608 - our names
    # Without observations any span will do: there is nothing to convert.
    start, end = (instant or datetime(1970, 1, 1) for instant in span)
    local_time = periods.local_time_sql("happened_at", zone, start, end)
    con.execute(
        f'CREATE OR REPLACE TABLE daily_counts."{metric}" AS'  # noqa: S608 - our names
        f" SELECT application, min(happened_at) AS happened_at, ({local_time})::DATE AS day, excluded, assistance,"
        " count(*) AS n, count(*) FILTER (censored) AS open,"
        # In decimals, because a sum of binary fractions depends on their order; what is no number stops the build.
        f' sum(TRY_CAST(value AS DECIMAL(38, 9)))::DOUBLE AS total FROM metrics."{metric}" GROUP BY ALL'
    )


def _run_checks(con: Connection) -> list[CheckResult]:
    """Run every check and write its result into ``check_results``."""
    columns = "name VARCHAR, title VARCHAR, severity VARCHAR, rows BIGINT, examples VARCHAR, next VARCHAR"
    con.execute(f"CREATE TABLE check_results ({columns})")
    results = []
    for check in catalog.checks().values():
        rows = con.execute(f"SELECT count(*) FROM ({check.sql})").fetchall()[0][0]  # noqa: S608 - our SQL files
        examples: list[dict[str, object]] = []
        if rows:
            cursor = con.execute(f"SELECT * FROM ({check.sql}) ORDER BY ALL LIMIT {EXAMPLES}")  # noqa: S608 - our SQL files
            names = [column[0] for column in cursor.description or []]
            examples = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        results.append(CheckResult(check.name, check.title, check.severity, rows, examples, check.next))
    insert_rows(con, "check_results", [_to_row(result) for result in results])
    return results


def _to_row(result: CheckResult) -> tuple[object, ...]:
    examples = json.dumps(result.examples, default=str)
    return result.check, result.title, result.severity, result.rows, examples, result.next
