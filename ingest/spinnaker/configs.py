"""Applications, accounts and pipeline configurations → rows (GET /applications, /credentials, …/pipelineConfigs)."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.rows import Account, Application, Pipeline
from ingest.spinnaker.kinds import kind
from ingest.spinnaker.values import first, mapping, micros, text


class _Configured(msgspec.Struct):
    type: Any = None


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
    stages: list[_Configured] | None = None


def application(body: dict[str, Any]) -> Application:
    """A row of one application; its attributes lie flat in a listing, nested in a reply for one."""
    found = {**body, **mapping(body.get("attributes"))}
    name = text(found.get("name"))
    if name is None:
        raise ValueError("an application without a name")
    project, slug = text(found.get("repoProjectKey")), text(found.get("repoSlug"))
    return Application(
        id=name,
        application=name,
        team=text(found.get("team")),
        owner=text(found.get("email")),
        repository=f"{project}/{slug}" if project and slug else None,
    )


def account(body: dict[str, Any]) -> Account:
    """A row of one account; where nobody set an environment, Clouddriver repeats the account's name."""
    name = text(body.get("name"))
    if name is None:
        raise ValueError("an account without a name")
    return Account(
        id=name,
        account=name,
        environment=text(body.get("environment")),
        provider=first(body.get("type"), body.get("cloudProvider")),
    )


def pipeline(config: PipelineConfig) -> Pipeline:
    """A row of one pipeline configuration.

    What a templated pipeline contains is the template's affair: unknown, unless the instance adds stages itself.
    """
    template_kind, template, version = _template(config)
    kinds = {kind(stage.type) for stage in config.stages or ()}
    unknown = template_kind is not None
    return Pipeline(
        id=config.id,
        application=config.application,
        pipeline=text(config.name),
        template_kind=template_kind,
        template=template,
        template_version=version,
        disabled=config.disabled is True,
        has_canary=("canary" in kinds) or (None if unknown else False),
        has_approval=("approval" in kinds) or (None if unknown else False),
        has_rollback=("rollback" in kinds) or (None if unknown else False),
        updated_at=micros(config.update_ts),
    )


def _template(config: PipelineConfig) -> tuple[str | None, str | None, str | None]:
    own = mapping(config.template)
    if reference := first(own.get("reference"), own.get("source")):
        return "v2", *_reference(reference)
    inner = mapping(mapping(mapping(config.config).get("pipeline")).get("template"))
    if source := text(inner.get("source")):
        return "v1", *_reference(source)
    return None, None, None


def _reference(reference: str) -> tuple[str, str | None]:
    """Id and version of ``spinnaker://id``, ``spinnaker://id:tag`` or ``spinnaker://id@sha256:digest``."""
    scheme, found, name = reference.partition("spinnaker://")
    if scheme or not found:
        return reference, None
    identity, at, digest = name.partition("@")
    if at:
        return identity, digest or None
    identity, _, tag = name.partition(":")
    return identity, tag or None
