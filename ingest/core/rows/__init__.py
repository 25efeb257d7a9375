"""The rows of landing in Python: one class per table, with the fields of its columns in ``dora/storage/schema.sql``.

A test compares the two. They are separate because each side needs what the other can not express: parsers need Python
types and defaults, readers of the database need comments on its columns.
"""

from __future__ import annotations

from ingest.core.rows.base import Columns, Micros, Quarantine, Row
from ingest.core.rows.executions import (
    Approval,
    Canary,
    CanaryInterval,
    CanaryJudgment,
    CanaryMetric,
    ConfigManifest,
    Coverage,
    DeletedExecution,
    Execution,
    ExecutionAttempt,
    Rollout,
    Stage,
    TrafficRoute,
)
from ingest.core.rows.inventory import (
    Account,
    Application,
    Change,
    ChangeRequest,
    Commit,
    Incident,
    IncidentEvent,
    Pipeline,
    PipelineRevision,
)

TABLES: dict[str, type[Row]] = {row.table: row for row in Row.__subclasses__()}

__all__ = [
    "TABLES", "Account", "Application", "Approval", "Canary", "CanaryInterval", "CanaryJudgment", "CanaryMetric",
    "Change", "ChangeRequest", "Columns", "Commit", "ConfigManifest", "Coverage", "DeletedExecution", "Execution", "ExecutionAttempt",
    "Incident", "IncidentEvent", "Micros", "Pipeline", "PipelineRevision", "Quarantine", "Rollout", "Row", "Stage", "TrafficRoute",
]  # fmt: skip
