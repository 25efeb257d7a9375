"""Rows of canary analyses and their judgments."""

from __future__ import annotations

from ingest.core.rows.base import Micros, Row


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
