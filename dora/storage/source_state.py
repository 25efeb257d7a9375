"""What landing.duckdb knows about one source: before a run where to continue, after it how much it has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from duckdb import DuckDBPyConnection as Connection

from dora.storage.schema import fact_tables

ARCHIVED = "archived_document"  # says what is in payloads; no table of facts
RECENT_DAYS = 15  # Gate lists deleted pipelines' executions for 14 days; one day more covers a late nightly run
MISSING_DAYS = 14  # how long a judgment that could not be read is requested again

_WATERMARKS = "SELECT stream, value FROM watermark WHERE source = $source"
_UNFINISHED = """
SELECT id, application FROM execution ANTI JOIN deleted_execution USING (source, id)
WHERE source = $source AND status IN ('running', 'not_started', 'unknown') ORDER BY id
"""
_PIPELINES = """
SELECT pipeline_id, application FROM execution WHERE source = $source AND pipeline_id IS NOT NULL
UNION SELECT id, application FROM pipeline WHERE source = $source ORDER BY ALL
"""
# Per application, because one that has not run for months would have no recent executions at all. A join with the
# newest ones takes half the time of a window over hundreds of thousands of rows.
_RECENT = """
WITH executions AS (
  SELECT * FROM execution ANTI JOIN deleted_execution USING (source, id)
  WHERE source = $source AND queued_at IS NOT NULL
),
newest AS (SELECT application, max(queued_at) - to_days($days) AS since FROM executions GROUP BY application)
SELECT id, application, pipeline_id, status, epoch_ms(queued_at)
FROM executions JOIN newest USING (application) WHERE queued_at >= since ORDER BY id
"""
# A judgment that was read while it ran is not complete: its score can still change.
_COMPLETED_JUDGMENTS = """
SELECT id FROM canary_judgment WHERE source = $source AND status NOT IN ('running', 'not_started')
"""
_MISSING_JUDGMENTS = """
SELECT judgment_id, max(storage_account) FROM canary_interval
WHERE source = $source AND judgment_id IS NOT NULL AND status NOT IN ('running', 'not_started')
  AND finished_at > (SELECT max(finished_at) - to_days($days) FROM canary_interval WHERE source = $source)
  AND judgment_id NOT IN (
    SELECT id FROM canary_judgment WHERE source = $source AND status NOT IN ('running', 'not_started'))
GROUP BY judgment_id ORDER BY judgment_id
"""
_PIPELINE_UPDATES = "SELECT id, epoch_us(updated_at) FROM pipeline WHERE source = $source AND updated_at IS NOT NULL"
_ARCHIVED = """
SELECT id, content FROM archived_document WHERE source = $source AND id IN (SELECT unnest($names::VARCHAR[]))
"""
_OPEN_QUARANTINE = """
SELECT id, kind, reason, excerpt, epoch_us(dismissed_at) FROM quarantine
WHERE source = $source AND resolved_at IS NULL ORDER BY id
"""
_QUARANTINE = """
SELECT source, id AS input, kind, reason, excerpt, load.started_at AS read_at, dismissed_at
FROM quarantine JOIN load USING (source, load_id) WHERE resolved_at IS NULL ORDER BY source, id
"""
# The shortest id first: the others of a deployment extend it.
_REPORTED_DEPLOYMENTS = """
SELECT id, root_id, external_id, system, execution.application, environment, target, repository,
  epoch_us(execution.started_at), epoch_us(execution.finished_at)
FROM execution JOIN rollout USING (source, id)
WHERE source = $source AND external_id IS NOT NULL ORDER BY length(id), id
"""
_REPORTED_INCIDENTS = """
SELECT id, id, external_id, system, application, NULL, NULL, NULL, epoch_us(opened_at), NULL
FROM incident WHERE source = $source AND external_id IS NOT NULL ORDER BY length(id), id
"""
_INCIDENTS = """
SELECT id, coalesce(external_id, id), application, epoch_us(opened_at), revision,
  resolved_at IS NULL AND exclusion IS NULL, exclusion IS NULL
FROM incident WHERE source = $source ORDER BY id
"""
_ROLLOUTS = """
SELECT count(DISTINCT execution_id) FILTER (action = 'deploy') AS deployments,
  count(DISTINCT execution_id) FILTER (action = 'rollback') AS rollbacks
FROM rollout WHERE source = $source AND status <> 'not_started'
"""
_COVERAGE = """
SELECT count(DISTINCT application) AS applications, min(since) AS since, max(until) AS until,
  count(*) - count(DISTINCT application) AS gaps
FROM coverage WHERE source = $source
"""


class ExecutionRef(NamedTuple):
    """An execution that had not ended when it was last read."""

    id: str
    application: str


class PipelineRef(NamedTuple):
    """A pipeline that was once configured or run."""

    id: str
    application: str


class RecentExecution(NamedTuple):
    """An execution of the last ``RECENT_DAYS`` of its application; ``queued_at`` is in epoch milliseconds."""

    id: str
    application: str
    pipeline_id: str | None
    status: str
    queued_at: int


class ReportedRecord(NamedTuple):
    """A deployment or incident of a source whose systems may repeat ids; times are in microseconds since 1970.

    An incident starts when it opens; it has no place.
    """

    id: str
    root_id: str
    external_id: str
    system: str | None
    application: str
    environment: str | None
    target: str | None
    repository: str | None
    started_at: int | None
    finished_at: int | None


class KnownIncident(NamedTuple):
    """A row of an incident; ``external_id`` is the incident, of which several applications have a row each.

    ``opened_at`` is in microseconds since 1970. One that does not count, for whatever reason, is not open.
    """

    id: str
    external_id: str
    application: str
    opened_at: int
    revision: int
    is_open: bool
    counts: bool


class QuarantinedInput(NamedTuple):
    """An input that could not be read, and has not been read well since; ``dismissed_at`` is in microseconds."""

    id: str
    kind: str
    reason: str
    excerpt: str | None
    dismissed_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What landing.duckdb knows about one source before a run.

    ``watermarks`` says by stream how far it has been read. ``completed_judgment_ids`` are canary judgments that were
    read after they had ended, ``missing_judgments`` those that ended in the last ``MISSING_DAYS`` and were never
    read, with the account that stores them. ``pipeline_updated_at`` is in epoch microseconds; a pipeline without a
    known time is absent. ``known_until`` is the latest time, in UTC without a time zone, up to which a load of any
    source read.
    """

    watermarks: Mapping[str, str] = field(default_factory=dict)
    unfinished_executions: Sequence[ExecutionRef] = ()
    pipelines: Sequence[PipelineRef] = ()
    recent_executions: Sequence[RecentExecution] = ()
    completed_judgment_ids: Collection[str] = frozenset()
    missing_judgments: Mapping[str, str | None] = field(default_factory=dict)
    pipeline_updated_at: Mapping[str, int] = field(default_factory=dict)
    reported_deployments: Sequence[ReportedRecord] = ()
    reported_incidents: Sequence[ReportedRecord] = ()
    incidents: Sequence[KnownIncident] = ()
    known_until: datetime | None = None

    @classmethod
    def read(cls, con: Connection, source: str) -> SourceState:
        """Read the state of a source, with a fixed number of queries however long its history is."""

        def fetch(query: str, **parameters: object) -> list[Any]:
            return con.execute(query, {"source": source, **parameters}).fetchall()

        return cls(
            watermarks=dict(fetch(_WATERMARKS)),
            unfinished_executions=list(map(ExecutionRef._make, fetch(_UNFINISHED))),
            pipelines=list(map(PipelineRef._make, fetch(_PIPELINES))),
            recent_executions=list(map(RecentExecution._make, fetch(_RECENT, days=RECENT_DAYS))),
            completed_judgment_ids=frozenset(id_ for (id_,) in fetch(_COMPLETED_JUDGMENTS)),
            missing_judgments=dict(fetch(_MISSING_JUDGMENTS, days=MISSING_DAYS)),
            pipeline_updated_at=dict(fetch(_PIPELINE_UPDATES)),
            reported_deployments=list(map(ReportedRecord._make, fetch(_REPORTED_DEPLOYMENTS))),
            reported_incidents=list(map(ReportedRecord._make, fetch(_REPORTED_INCIDENTS))),
            incidents=list(map(KnownIncident._make, fetch(_INCIDENTS))),
            known_until=con.execute("SELECT max(as_of) FROM load").fetchall()[0][0],
        )


def read_open_quarantine(con: Connection, source: str) -> list[QuarantinedInput]:
    """Return the inputs of a source that could not be read, and have not been read well since."""
    return list(map(QuarantinedInput._make, con.execute(_OPEN_QUARANTINE, {"source": source}).fetchall()))


def read_archived(con: Connection, source: str, names: Sequence[str]) -> dict[str, int]:
    """Return the hashes of the last archived versions of these documents, by name."""
    return dict(con.execute(_ARCHIVED, {"source": source, "names": names}).fetchall())


def has_archived(con: Connection, source: str) -> bool:
    """Return whether payloads have a version of any document of a source."""
    query = "SELECT 1 FROM archived_document WHERE source = ? LIMIT 1"
    return bool(con.execute(query, [source]).fetchall())


def read_quarantine(con: Connection) -> list[dict[str, Any]]:
    """Return the inputs of all sources that could not be read, and have not been read well since."""
    cursor = con.execute(_QUARANTINE)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def count_rows(con: Connection, source: str) -> dict[str, int]:
    """Count the rows of a source in every table that has any, and its executions that deployed or rolled back.

    Deployments and rollbacks count in all environments: what production is, only the definitions say.
    """
    # One statement for all tables: some twenty round trips would take longer than the counting.
    count = "SELECT '{0}', count(*) FROM \"{0}\" WHERE source = $source"
    query = " UNION ALL ".join(count.format(table) for table in fact_tables() if table != ARCHIVED)
    rows = {table: number for table, number in con.execute(query, {"source": source}).fetchall() if number}
    return rows | (_fetch_row(con, _ROLLOUTS, source) if "rollout" in rows else {})


def read_coverage(con: Connection, source: str) -> dict[str, Any] | None:
    """Return of how many applications all executions were read, since and until when (UTC), and the number of gaps.

    None if the source does not report its coverage.
    """
    coverage = _fetch_row(con, _COVERAGE, source)
    return coverage if coverage["applications"] else None


def _fetch_row(con: Connection, query: str, source: str) -> dict[str, Any]:
    cursor = con.execute(query, {"source": source})
    names = [column[0] for column in cursor.description or ()]
    return dict(zip(names, cursor.fetchall()[0], strict=True))
