"""Managed pipeline templates (GET /v2/pipelineTemplates): which one a pipeline names, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from ingest.spinnaker.model.coerce import as_dict, as_text, first_text


class ConfiguredStage(msgspec.Struct):
    """One stage as it is configured."""

    type: Any = None


class _Stages(msgspec.Struct):
    stages: list[ConfiguredStage] | None = None


class Template(msgspec.Struct):
    """One template; v2 keeps its stages in ``pipeline``, v1 beside its name."""

    id: str
    tag: Any = None
    digest: Any = None
    protect: Any = None
    pipeline: _Stages | None = None
    stages: list[ConfiguredStage] | None = None

    def configured(self) -> list[ConfiguredStage]:
        """The stages that every pipeline made from it has."""
        return [*(self.stages or ()), *((self.pipeline.stages or ()) if self.pipeline else ())]


class Reference(NamedTuple):
    """What a pipeline says that it is made from: v1 or v2, the template's id, and its tag or digest."""

    kind: str | None = None
    template: str | None = None
    version: str | None = None


def template_reference(type_: Any, schema: Any, template: Any, config: Any) -> Reference:
    """The template that a configuration names; nothing where it was rendered before it was saved."""
    own = as_dict(template)
    if found := first_text(own.get("reference"), own.get("source")):
        return Reference("v2", *_named(found))
    inner = as_dict(as_dict(as_dict(config).get("pipeline")).get("template"))
    if found := as_text(inner.get("source")):
        return Reference("v1", *_named(found))
    if type_ == "templatedPipeline":
        return Reference("v2" if schema == "v2" else "v1")
    return Reference()


def _named(source: str) -> tuple[str, str | None]:
    """Id and version of ``spinnaker://id``, ``spinnaker://id:tag`` or ``spinnaker://id@sha256:digest``."""
    scheme, found, name = source.partition("spinnaker://")
    if scheme or not found:
        return source, None
    identity, at, digest = name.partition("@")
    if at:
        return identity, digest or None
    identity, _, tag = name.partition(":")
    return identity, tag or None


_TEMPLATE = msgspec.json.Decoder(Template)


def select_template(bodies: Iterable[bytes], wanted: Reference) -> bytes | None:
    """Of the templates as Gate lists them, the one that is meant: of that version, or the untagged where none is named.

    What is no template is passed over.
    """
    for body in bodies:
        try:
            template = _TEMPLATE.decode(body)
        except (msgspec.MsgspecError, RecursionError):
            continue
        versions = {as_text(template.tag), _digest(template.digest)} - {None}
        if template.id == wanted.template and (
            wanted.version in versions if wanted.version else not as_text(template.tag)
        ):
            return body
    return None


def _digest(value: Any) -> str | None:
    found = as_text(value)
    return f"sha256:{found.removeprefix('sha256:')}" if found else None
