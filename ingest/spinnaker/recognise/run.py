"""One execution as recognition reads it, and where and for which application a stage of it acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, first_text
from ingest.spinnaker.model.failure_reason import failure_reason
from ingest.spinnaker.model.kinds import ManifestReference, parse_reference
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.model.payload import Context, Execution, Stage
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.traffic import Traffic, measure_traffic

_APPLICATION = re.compile(r"[\w.]+")


class Run(NamedTuple):
    """An execution with its application and stages; ``find_commit`` reads a commit in the metadata of manifests."""

    execution: Execution
    application: str
    tree: StageTree
    find_commit: Callable[[Iterable[dict[str, Any]]], str | None]

    @property
    def is_dry(self) -> bool:
        """Tell whether it was started as a dry run; Orca may have run it all the same."""
        trigger = self.execution.trigger
        return trigger is not None and (True in (trigger.dry_run, trigger.is_dry_run) or trigger.type == "dryrun")


class Step(NamedTuple):
    """A stage of a run, and what all of its rows have in common.

    ``account`` is the one that it acts in, ``reason`` why it failed or was made, ``traffic`` when what it rolls out
    served.
    """

    run: Run
    stage: Stage
    account: str | None
    reason: str | None
    traffic: Traffic

    @property
    def context(self) -> Context:
        """The context of the stage."""
        return self.stage.context

    def namespace(self, of_manifest: str | None = None) -> str | None:
        """Return the namespace of what a Kubernetes stage changes; for Cloud Run the region."""
        context = self.context
        region = context.region if self.stage.type == "deployCloudrunManifest" else None
        stated = first_text(region, context.namespace_override, context.location, of_manifest)
        return stated or first_text(*as_dict(context.manifest_names))

    def application(self, manifest: Manifest | None = None) -> str:
        """Return whose a manifest is: by its annotation, its stage, its execution."""
        return application_of(self.run, self.context, manifest and manifest.application)


class Target(NamedTuple):
    """Where a rollout happens; a part that its stage does not name is None."""

    account: str | None
    location: str | None
    cluster: str | None


def make_step(run: Run, stage: Stage) -> Step:
    """Return a stage with what all of its rows have in common."""
    context = stage.context
    reason = failure_reason(stage) or as_text(context.reason)
    return Step(run, stage, account_of(context), reason, measure_traffic(stage, run.tree, run.is_dry))


def account_of(context: Context) -> str | None:
    """Return the account of a context."""
    return first_text(context.account, context.credentials, context.deploy_account)


def application_of(run: Run, context: Context, annotated: str | None = None) -> str:
    """Return whose something is: by its annotation, its stage, its execution."""
    return next(iter(list_applications(context, annotated)), run.application)


def list_applications(context: Context, annotated: str | None = None, server_group: str | None = None) -> list[str]:
    """Return which application the annotation, the stage and the server group's name say, the strongest first."""
    prefix = (server_group or "").partition("-")[0]
    by_name = prefix if _APPLICATION.fullmatch(prefix) else None
    by_stage = first_text(as_dict(context.moniker).get("app"), context.application)
    return [name for name in (annotated, by_stage, by_name) if name]


def applied_references(context: Context) -> list[ManifestReference]:
    """Return what a stage says it applied, by namespace."""
    by_namespace = as_dict(context.manifest_names).items()
    references = (parse_reference(name, namespace) for namespace, names in by_namespace for name in as_list(names))
    return [reference for reference in references if reference]


def target_reference(context: Context) -> ManifestReference | None:
    """Return the manifest that a stage says it acts on: as it was resolved, else as it was requested."""
    # What a stage with a dynamic target requested as a name is left over from before.
    static = None if as_text(context.mode) == "dynamic" and as_text(context.cluster) else context.manifest_name
    return parse_reference(first_text(context.resolved_name, static, context.cluster))


def manifest_references(context: Context) -> list[ManifestReference]:
    """Return what a stage names as applied, as its target, or as its cluster."""
    if names := applied_references(context):
        return names
    reference = target_reference(context) or parse_reference(as_dict(context.moniker).get("cluster"))
    return [reference] if reference else []


def regions_of(context: Context) -> list[str]:
    """Return the regions that a stage for virtual machines names."""
    region = as_text(context.region)
    regions = [region] if region else list(as_dict(context.availability_zones)) or as_list(context.regions)
    return [region for region in regions if isinstance(region, str)]
