"""Rows of applications, accounts, pipelines and incidents."""

from __future__ import annotations

from ingest.core.rows.base import Micros, Row


class Application(Row, frozen=True, kw_only=True):
    """One application (service) that a source knows."""

    application: str
    team: str | None = None
    owner: str | None = None
    repository: str | None = None


class Account(Row, frozen=True, kw_only=True):
    """One deployment target account."""

    account: str
    environment: str | None = None
    provider: str | None = None


class Pipeline(Row, frozen=True, kw_only=True):
    """One pipeline with its current configuration."""

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


class PipelineRevision(Row, frozen=True, kw_only=True):
    """One earlier configuration of a pipeline; ``id`` is ``pipeline@time``."""

    pipeline_id: str
    application: str
    template: str | None = None
    template_version: str | None = None
    updated_at: Micros = None
    updated_by: str | None = None


class Incident(Row, frozen=True, kw_only=True):
    """One incident of one application."""

    application: str
    opened_at: int
    resolved_at: Micros = None
    deployment: str | None = None
    commit: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None


class IncidentEvent(Row, frozen=True, kw_only=True):
    """One event of an incident."""

    incident: str
    application: str
    event: str
    happened_at: int
    deployment: str | None = None
    title: str | None = None
