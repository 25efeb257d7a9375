"""Rows of executions with their stages, rollouts, approvals and canaries, and of how completely they were read."""

from __future__ import annotations

from ingest.core.rows.base import Micros, Row


class Execution(Row, frozen=True, kw_only=True):
    """One run of a pipeline, or one operation started manually."""

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


class ExecutionAttempt(Row, frozen=True, kw_only=True):
    """One attempt of a rollout or execution that failed, kept because a restart overwrites it at the source."""

    execution_id: str
    rollout_id: str | None = None
    started_at: Micros = None
    ended_at: Micros = None
    first_traffic_at: Micros = None
    restarted_by: str | None = None
    reason: str | None = None


class DeletedExecution(Row, frozen=True, kw_only=True):
    """One execution that its source no longer has."""

    noticed_at: int


class Coverage(Row, frozen=True, kw_only=True):
    """One period in which all executions of an application were read."""

    application: str
    since: int
    until: int


class Stage(Row, frozen=True, kw_only=True):
    """One stage of an execution, as it last ran."""

    revision: int = 0
    execution_id: str
    parent_id: str | None = None
    name: str | None = None
    kind: str
    status: str
    started_at: Micros = None
    finished_at: Micros = None
    reason: str | None = None


class Rollout(Row, frozen=True, kw_only=True):
    """One change of the version that runs on one target."""

    revision: int = 0
    execution_id: str
    application: str
    action: str
    role: str | None = None
    strategy: str | None = None
    environment: str | None = None
    target: str | None = None
    account: str | None = None
    location: str | None = None
    cluster: str | None = None
    workload_kind: str | None = None
    status: str
    started_at: Micros = None
    accepted_at: Micros = None
    first_traffic_at: Micros = None
    full_traffic_at: Micros = None
    finished_at: Micros = None
    version: str | None = None
    images: list[str] | None = None
    template: str | None = None
    template_keys: list[str] | None = None
    labels: list[str] | None = None
    commit: str | None = None
    server_group: str | None = None
    restores: str | None = None
    steps_back: int | None = None
    kind: str | None = None
    reason: str | None = None


class ConfigManifest(Row, frozen=True, kw_only=True):
    """One manifest without a pod template that an execution applied: configuration beside the workloads."""

    revision: int = 0
    execution_id: str
    application: str
    action: str
    account: str | None = None
    location: str | None = None
    kind: str
    name: str | None = None
    fingerprint: str | None = None
    status: str
    started_at: Micros = None
    applied_at: Micros = None
    finished_at: Micros = None
    reason: str | None = None


class TrafficRoute(Row, frozen=True, kw_only=True):
    """One destination of a manifest or stage that divides traffic."""

    revision: int = 0
    execution_id: str
    application: str
    account: str | None = None
    location: str | None = None
    kind: str
    name: str | None = None
    host: str
    subset: str | None = None
    labels: list[str] | None = None
    weight: float | None = None
    status: str
    started_at: Micros = None
    applied_at: Micros = None


class Approval(Row, frozen=True, kw_only=True):
    """One manual judgment: an execution waits until a user decides."""

    revision: int = 0
    execution_id: str
    prompt: str | None = None
    outcome: str = "decided"
    decision: str | None = None
    answer: str | None = None
    decided_by: str | None = None
    unauthorized_user: str | None = None
    roles: str | None = None
    status: str
    started_at: Micros = None
    decided_at: Micros = None
    finished_at: Micros = None


class Canary(Row, frozen=True, kw_only=True):
    """One canary analysis of an execution."""

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


class CanaryInterval(Row, frozen=True, kw_only=True):
    """One judged interval of a canary analysis."""

    revision: int = 0
    canary_id: str
    execution_id: str
    judgment_id: str | None = None
    score: float | None = None
    status: str
    started_at: Micros = None
    finished_at: Micros = None
    warnings: str | None = None


class CanaryJudgment(Row, frozen=True, kw_only=True):
    """One judgment as the canary service keeps it."""

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


class CanaryMetric(Row, frozen=True, kw_only=True):
    """One metric of one canary judgment; ``id`` is ``judgment/metric``."""

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
