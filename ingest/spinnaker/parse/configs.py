"""Applications, accounts and pipeline configurations as rows (GET /applications, /credentials, …/pipelineConfigs)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from dora.storage.rows.inventory import Account, Application, Pipeline, PipelineRevision
from ingest.spinnaker.model.coerce import as_dict, as_micros, as_text, first_person, first_text, get_nested
from ingest.spinnaker.model.stage_kinds import stage_kind
from ingest.spinnaker.parse.stage_conditions import evaluate_condition
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
    variables: Any = None
    disabled: Any = None
    update_ts: Any = None
    last_modified: Any = None
    last_modified_by: Any = None
    stages: list[ConfiguredStage] | None = None

    def template_reference(self) -> Reference:
        """Return the template that it names."""
        return template_reference(self.type, self.schema, self.template, self.config)

    def updated_at(self) -> int | None:
        """Return when it was last changed, in epoch microseconds."""
        return as_micros(self.update_ts) or as_micros(self.last_modified)


class TemplatedPipeline(msgspec.Struct):
    """One pipeline beside the template that it is made from."""

    pipeline: PipelineConfig
    template: Template


def parse_application(body: dict[str, Any]) -> Application:
    """Return the row of an application; its attributes are flat in a listing, nested in a reply for one."""
    attributes = {**body, **as_dict(body.get("attributes"))}
    name = as_text(attributes.get("name"))
    if name is None:
        raise ValueError("an application without a name")
    project, slug = as_text(attributes.get("repoProjectKey")), as_text(attributes.get("repoSlug"))
    return Application(
        id=name,
        application=name,
        team=as_text(attributes.get("team")),
        owner=as_text(attributes.get("email")),
        repository=f"{project}/{slug}" if project and slug else None,
    )


def parse_account(body: dict[str, Any]) -> Account:
    """Return the row of an account; without a configured environment, Clouddriver repeats the account's name."""
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
    """Yield a pipeline as it is configured, and its latest revision if the time of it is known."""
    reference, updated_at = config.template_reference(), config.updated_at()
    conditions = _conditions_by_kind(config, template)
    # A templated pipeline inherits its stages: without its template it is unknown whether it has one of a kind.
    absent = None if reference.kind and not template else False
    yield Pipeline(
        id=config.id,
        application=config.application,
        pipeline=as_text(config.name),
        template_kind=reference.kind,
        template=reference.template,
        template_version=reference.version,
        protected=template.protect is True if template else None,
        disabled=config.disabled is True,
        has_canary=_has_stage(conditions["canary"], absent),
        has_approval=_has_stage(conditions["approval"], absent),
        has_rollback=_has_stage(conditions["rollback"], absent),
        updated_at=updated_at,
    )
    if updated_at is not None:
        yield parse_revision(config)


def _conditions_by_kind(config: PipelineConfig, template: Template | None) -> defaultdict[str, list[bool | None]]:
    """Return of each kind of stage whether its stages run: always, never, or as each execution decides (null)."""
    own_values = as_dict(config.variables) or as_dict(get_nested(config.config, "pipeline", "variables"))
    variables = (template.variable_defaults() if template else {}) | own_values
    conditions: defaultdict[str, list[bool | None]] = defaultdict(list)
    for stage in (*(config.stages or ()), *(template.all_stages() if template else ())):
        conditions[stage_kind(stage.type)].append(evaluate_condition(stage.stage_enabled, stage.when, variables))
    return conditions


def _has_stage(conditions: list[bool | None], absent: bool | None) -> bool | None:
    """Return whether a pipeline has a stage that runs; null if that is decided by its executions, or unknown."""
    return True if any(conditions) else None if None in conditions else absent


def parse_revision(config: PipelineConfig) -> PipelineRevision:
    """Return one configuration that a pipeline had; raises ``ValueError`` if it has no time."""
    updated_at = config.updated_at()
    if updated_at is None:
        raise ValueError(f"a revision of pipeline {config.id} without its time")
    reference = config.template_reference()
    return PipelineRevision(
        id=f"{config.id}@{updated_at // 1000}",
        pipeline_id=config.id,
        application=config.application,
        template=reference.template,
        template_version=reference.version,
        updated_at=updated_at,
        updated_by=first_person(config.last_modified_by),
    )
