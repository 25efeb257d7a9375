"""Managed pipeline templates (GET /v2/pipelineTemplates): the one that a pipeline names, and its stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, first_text, get_nested


class ConfiguredStage(msgspec.Struct, rename="camel"):
    """One stage as it is configured, with the condition under which it runs."""

    type: Any = None
    stage_enabled: Any = None
    when: Any = None


class _TemplatePipeline(msgspec.Struct):
    stages: list[ConfiguredStage] | None = None


class Template(msgspec.Struct):
    """One template; v2 keeps its stages in ``pipeline``, v1 beside its name."""

    id: str
    tag: Any = None
    digest: Any = None
    protect: Any = None
    pipeline: _TemplatePipeline | None = None
    stages: list[ConfiguredStage] | None = None
    variables: Any = None

    def all_stages(self) -> list[ConfiguredStage]:
        """Return the stages of every pipeline that is made from it."""
        return [*(self.stages or ()), *((self.pipeline.stages or ()) if self.pipeline else ())]

    def variable_defaults(self) -> dict[str, Any]:
        """Return the values of its variables where a pipeline gives none."""
        variables = map(as_dict, as_list(self.variables))
        return {name: variable.get("defaultValue") for variable in variables if (name := as_text(variable.get("name")))}


class Reference(NamedTuple):
    """The template that a pipeline names: v1 or v2, its id, and its tag or digest."""

    kind: str | None = None
    template: str | None = None
    version: str | None = None


_TEMPLATE = msgspec.json.Decoder(Template)


def template_reference(type_: Any, schema: Any, template: Any, config: Any) -> Reference:
    """Return the template that a configuration names; an empty reference if it was rendered before it was saved."""
    artifact = as_dict(template)
    if source := first_text(artifact.get("reference"), artifact.get("source")):
        return Reference("v2", *_parse_source(source))
    if source := as_text(get_nested(config, "pipeline", "template", "source")):
        return Reference("v1", *_parse_source(source))
    if type_ == "templatedPipeline":
        return Reference("v2" if schema == "v2" else "v1")
    return Reference()


def select_template(bodies: Iterable[bytes], reference: Reference) -> bytes | None:
    """Return the listed template that a reference means; without a version, the untagged one."""
    for body in bodies:
        try:
            template = _TEMPLATE.decode(body)
        except (ValueError, RecursionError):
            continue
        tag, digest = as_text(template.tag), as_text(template.digest)
        versions = {tag, digest and f"sha256:{digest.removeprefix('sha256:')}"}
        matches = reference.version in versions if reference.version else not tag
        if template.id == reference.template and matches:
            return body
    return None


def _parse_source(source: str) -> tuple[str, str | None]:
    """Split ``spinnaker://id``, ``spinnaker://id:tag`` or ``spinnaker://id@sha256:digest`` into id and version."""
    before, scheme, name = source.partition("spinnaker://")
    if before or not scheme:
        return source, None
    identity, _, version = name.partition("@" if "@" in name else ":")
    return identity, version or None
