"""Rows of commits, changes and pull requests, and of applications, accounts, pipelines and incidents."""

from __future__ import annotations

from ingest.core.rows.base import Micros, Row


class Commit(Row, frozen=True, kw_only=True):
    """One commit; ``id`` is ``repository@sha``."""

    repository: str
    sha: str
    parents: list[str]
    authored_at: Micros = None
    committed_at: Micros = None
    author: str | None = None
    subject: str | None = None
    reverts: str | None = None
    picked_from: str | None = None


class Change(Row, frozen=True, kw_only=True):
    """One entry on a trunk's first-parent line; ``id`` is ``repository@sha``."""

    repository: str
    sha: str
    merged_at: Micros = None
    change_request: str | None = None
    paths: list[str] | None = None
    applications: list[str] | None = None
    on_trunk: bool = True
    branch: str | None = None
    kind: str | None = None
    labels: list[str] | None = None
    reverts: str | None = None
    first_commit_at: Micros = None
    commits: int | None = None
    files: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    merge_time_issue: str | None = None


class ChangeRequest(Row, frozen=True, kw_only=True):
    """One pull or merge request as its host describes it; ``id`` is ``repository#number``."""

    repository: str
    number: str
    author: str | None = None
    opened_at: Micros = None
    first_commit_at: Micros = None
    first_review_at: Micros = None
    approved_at: Micros = None
    merged_at: Micros = None
    sha: str | None = None
    labels: list[str] | None = None


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
