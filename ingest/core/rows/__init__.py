"""The contract's rows as Python sees them: one class a landing table, field for field.

Times are whole microseconds since 1970 in UTC, so that nothing is rounded on the way.
``tests/ingest/test_rows.py`` holds these classes to ``dora/contract.sql``.
"""

from __future__ import annotations

from ingest.core.rows.base import Columns, Micros, Row
from ingest.core.rows.canaries import Canary, CanaryInterval, CanaryJudgment, CanaryMetric
from ingest.core.rows.code import Change, ChangeRequest, Commit
from ingest.core.rows.executions import (
    Approval,
    Coverage,
    DeletedExecution,
    Execution,
    ExecutionAttempt,
    Rollout,
    Stage,
)
from ingest.core.rows.inventory import Account, Application, Incident, IncidentEvent, Pipeline, PipelineRevision
from ingest.core.rows.quarantine import Quarantine

TABLES: dict[str, type[Row]] = {row.table: row for row in Row.__subclasses__()}

__all__ = [
    "TABLES",
    "Account",
    "Application",
    "Approval",
    "Canary",
    "CanaryInterval",
    "CanaryJudgment",
    "CanaryMetric",
    "Change",
    "ChangeRequest",
    "Columns",
    "Commit",
    "Coverage",
    "DeletedExecution",
    "Execution",
    "ExecutionAttempt",
    "Incident",
    "IncidentEvent",
    "Micros",
    "Pipeline",
    "PipelineRevision",
    "Quarantine",
    "Rollout",
    "Row",
    "Stage",
]
