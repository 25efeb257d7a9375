"""The contract's rows as Python sees them: one class a landing table, field for field.

Times are whole microseconds since 1970 in UTC, so that nothing is rounded on the way.
``tests/ingest/test_rows.py`` holds these classes to ``dora/contract.sql``.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

Micros = int | None


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a landing table; ``id`` is unique within its source."""

    table: ClassVar[str] = ""
    id: str


class Application(Row, frozen=True, kw_only=True, gc=False):
    """One application (service) that a source knows."""

    table: ClassVar[str] = "application"
    application: str
    team: str | None = None
    owner: str | None = None
    repository: str | None = None


class Account(Row, frozen=True, kw_only=True, gc=False):
    """One deployment target account."""

    table: ClassVar[str] = "account"
    account: str
    environment: str | None = None
    provider: str | None = None


class Pipeline(Row, frozen=True, kw_only=True, gc=False):
    """One pipeline as it is configured now."""

    table: ClassVar[str] = "pipeline"
    application: str
    pipeline: str | None = None
    template_kind: str | None = None
    template: str | None = None
    template_version: str | None = None
    protected: bool | None = None
    disabled: bool | None = None
    has_canary: bool | None = None
    has_approval: bool | None = None
    has_rollback: bool | None = None
    updated_at: Micros = None


class PipelineRevision(Row, frozen=True, kw_only=True, gc=False):
    """One configuration that a pipeline had; ``id`` is ``pipeline@time``."""

    table: ClassVar[str] = "pipeline_revision"
    pipeline_id: str
    application: str
    template: str | None = None
    template_version: str | None = None
    updated_at: Micros = None
    updated_by: str | None = None


class Execution(Row, frozen=True, kw_only=True, gc=False):
    """One run of a pipeline, or one operation started by hand."""

    table: ClassVar[str] = "execution"
    revision: int = 0
    application: str
    pipeline: str | None = None
    pipeline_id: str | None = None
    root_id: str
    parent_id: str | None = None
    status: str
    queued_at: Micros = None
    started_at: Micros = None
    finished_at: Micros = None
    trigger: str | None = None
    triggered_by: str | None = None
    dry_run: bool = False
    repository: str | None = None
    commit: str | None = None
    branch: str | None = None
    commit_origin: str | None = None
    reason: str | None = None
    url: str | None = None


class ExecutionAttempt(Row, frozen=True, kw_only=True, gc=False):
    """One attempt of a rollout or execution that failed, kept because a restart wipes it upstream."""

    table: ClassVar[str] = "execution_attempt"
    execution_id: str
    rollout_id: str | None = None
    started_at: Micros = None
    ended_at: Micros = None
    first_traffic_at: Micros = None
    restarted_by: str | None = None
    reason: str | None = None


class Gone(Row, frozen=True, kw_only=True, gc=False):
    """One execution that its source no longer has."""

    table: ClassVar[str] = "gone"
    noticed_at: int


class Coverage(Row, frozen=True, kw_only=True, gc=False):
    """One stretch of time in which all executions of an application were seen."""

    table: ClassVar[str] = "coverage"
    application: str
    since: int
    until: int


class Stage(Row, frozen=True, kw_only=True, gc=False):
    """One stage of an execution, as it last ran."""

    table: ClassVar[str] = "stage"
    revision: int = 0
    execution_id: str
    parent_id: str | None = None
    name: str | None = None
    kind: str
    status: str
    started_at: Micros = None
    finished_at: Micros = None
    reason: str | None = None


class Rollout(Row, frozen=True, kw_only=True, gc=False):
    """One change of what runs on one target."""

    table: ClassVar[str] = "rollout"
    revision: int = 0
    execution_id: str
    application: str
    action: str
    role: str | None = None
    strategy: str | None = None
    environment: str | None = None
    account: str | None = None
    location: str | None = None
    cluster: str | None = None
    status: str
    started_at: Micros = None
    first_traffic_at: Micros = None
    full_traffic_at: Micros = None
    finished_at: Micros = None
    version: str | None = None
    manifest: str | None = None
    server_group: str | None = None
    restores: str | None = None
    steps_back: int | None = None
    kind: str | None = None
    reason: str | None = None


class Approval(Row, frozen=True, kw_only=True, gc=False):
    """One question put to a person before an execution went on."""

    table: ClassVar[str] = "approval"
    revision: int = 0
    execution_id: str
    asked: str | None = None
    outcome: str = "decided"
    decision: str | None = None
    answer: str | None = None
    decided_by: str | None = None
    refused: str | None = None
    roles: str | None = None
    status: str
    started_at: Micros = None
    decided_at: Micros = None
    finished_at: Micros = None


class Canary(Row, frozen=True, kw_only=True, gc=False):
    """One canary analysis of an execution."""

    table: ClassVar[str] = "canary"
    revision: int = 0
    execution_id: str
    analysis: str | None = None
    config: str | None = None
    score: float | None = None
    pass_threshold: float | None = None
    marginal_threshold: float | None = None
    intervals: int | None = None
    status: str
    started_at: Micros = None
    finished_at: Micros = None
    reason: str | None = None


class CanaryInterval(Row, frozen=True, kw_only=True, gc=False):
    """One judged interval of a canary analysis."""

    table: ClassVar[str] = "canary_interval"
    revision: int = 0
    canary_id: str
    execution_id: str
    judgment_id: str | None = None
    score: float | None = None
    status: str
    started_at: Micros = None
    finished_at: Micros = None


class CanaryJudgment(Row, frozen=True, kw_only=True, gc=False):
    """One judgment as the canary service keeps it."""

    table: ClassVar[str] = "canary_judgment"
    execution_id: str | None = None
    application: str | None = None
    config: str | None = None
    score: float | None = None
    classification: str | None = None
    reason: str | None = None
    pass_threshold: float | None = None
    marginal_threshold: float | None = None
    no_data_groups: int | None = None
    groups: int | None = None
    status: str
    started_at: Micros = None
    finished_at: Micros = None


class CanaryMetric(Row, frozen=True, kw_only=True, gc=False):
    """One metric of one canary judgment; ``id`` is ``judgment/metric``."""

    table: ClassVar[str] = "canary_metric"
    judgment_id: str
    metric: str
    groups: str | None = None
    provider: str | None = None
    classification: str | None = None
    reason: str | None = None
    critical: bool | None = None
    muted: bool | None = None
    ratio: float | None = None
    baseline_mean: float | None = None
    baseline_count: int | None = None
    experiment_mean: float | None = None
    experiment_count: int | None = None


class Commit(Row, frozen=True, kw_only=True, gc=False):
    """One commit; ``id`` is ``repository@sha``."""

    table: ClassVar[str] = "commit"
    repository: str
    sha: str
    parents: list[str]
    authored_at: Micros = None
    committed_at: Micros = None
    author: str | None = None
    subject: str | None = None
    reverts: str | None = None


class Change(Row, frozen=True, kw_only=True, gc=False):
    """One entry on a trunk's first-parent line; ``id`` is ``repository@sha``."""

    table: ClassVar[str] = "change"
    repository: str
    sha: str
    merged_at: Micros = None
    change_request: str | None = None
    paths: list[str] | None = None
    applications: list[str] | None = None
    on_trunk: bool = True


class Incident(Row, frozen=True, kw_only=True, gc=False):
    """One incident of one application."""

    table: ClassVar[str] = "incident"
    application: str
    opened_at: int
    resolved_at: Micros = None
    deployment: str | None = None
    commit: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None


class Quarantine(Row, frozen=True, kw_only=True, gc=False):
    """One document or row that could not be read, with the reason."""

    table: ClassVar[str] = "quarantine"
    kind: str
    reason: str
    excerpt: str | None = None


TABLES: dict[str, type[Row]] = {row.table: row for row in Row.__subclasses__()}
