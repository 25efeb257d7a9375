"""Applications, accounts and pipeline configurations → rows (GET /applications, /credentials, …/pipelineConfigs)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ingest.core.rows import Account, Application, Pipeline, PipelineRevision
from ingest.spinnaker.model.coerce import as_dict, as_micros, as_text, first_person, first_text
from ingest.spinnaker.model.stage_kinds import stage_kind
from ingest.spinnaker.parse.templates import ConfiguredStage, Reference, Template, template_reference


class PipelineConfig(msgspec.Struct, rename="camel"):
    """One pipeline as Front50 stores it."""

    id: str
    application: str
    name: Any = None
    type: Any = None
    schema: Any = None
    template: Any = None
    config: Any = None
    disabled: Any = None
    update_ts: Any = None
    last_modified: Any = None
    last_modified_by: Any = None
    stages: list[ConfiguredStage] | None = None

    def made_from(self) -> Reference:
        """The template that it names."""
        return template_reference(self.type, self.schema, self.template, self.config)

    def changed_at(self) -> int | None:
        """When it became what it is, in microseconds."""
        return as_micros(self.update_ts) or as_micros(self.last_modified)


class TemplatedPipeline(msgspec.Struct):
    """One pipeline beside the template that it is made from."""

    pipeline: PipelineConfig
    template: Template


def parse_application(body: dict[str, Any]) -> Application:
    """A row of one application; its attributes lie flat in a listing, nested in a reply for one."""
    found = {**body, **as_dict(body.get("attributes"))}
    name = as_text(found.get("name"))
    if name is None:
        raise ValueError("an application without a name")
    project, slug = as_text(found.get("repoProjectKey")), as_text(found.get("repoSlug"))
    return Application(
        id=name,
        application=name,
        team=as_text(found.get("team")),
        owner=as_text(found.get("email")),
        repository=f"{project}/{slug}" if project and slug else None,
    )


def parse_account(body: dict[str, Any]) -> Account:
    """A row of one account; where nobody set an environment, Clouddriver repeats the account's name."""
    name = as_text(body.get("name"))
    if name is None:
        raise ValueError("an account without a name")
    return Account(
        id=name,
        account=name,
        environment=as_text(body.get("environment")),
        provider=first_text(body.get("type"), body.get("cloudProvider")),
    )


def parse_pipeline(config: PipelineConfig, template: Template | None = None) -> Iterator[Pipeline | PipelineRevision]:
    """One pipeline as it is configured, and that as the latest of its revisions where its time is known.

    What a templated pipeline contains is the template's affair: unknown where that is not at hand, unless the
    instance adds stages itself.
    """
    made = config.made_from()
    kinds = {stage_kind(stage.type) for stage in [*(config.stages or ()), *(template.configured() if template else ())]}
    absent = None if made.kind and not template else False
    yield Pipeline(
        id=config.id,
        application=config.application,
        pipeline=as_text(config.name),
        template_kind=made.kind,
        template=made.template,
        template_version=made.version,
        protected=template.protect is True if template else None,
        disabled=config.disabled is True,
        has_canary=("canary" in kinds) or absent,
        has_approval=("approval" in kinds) or absent,
        has_rollback=("rollback" in kinds) or absent,
        updated_at=config.changed_at(),
    )
    if config.changed_at() is not None:
        yield parse_revision(config)


def parse_templated_pipeline(both: TemplatedPipeline) -> Iterator[Pipeline | PipelineRevision]:
    """One pipeline, with what its template brings."""
    return parse_pipeline(both.pipeline, both.template)


def parse_revision(config: PipelineConfig) -> PipelineRevision:
    """One configuration that a pipeline had; raises ``ValueError`` where it is not said when."""
    at = config.changed_at()
    if at is None:
        raise ValueError(f"a revision of pipeline {config.id} without its time")
    made = config.made_from()
    return PipelineRevision(
        id=f"{config.id}@{at // 1000}",
        pipeline_id=config.id,
        application=config.application,
        template=made.template,
        template_version=made.version,
        updated_at=at,
        updated_by=first_person(config.last_modified_by),
    )
