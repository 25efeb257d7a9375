"""What moves a Rollout of Argo beside deploys: jobs and patches, in place of these, and what the cluster did itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dora.storage.rows.executions import Rollout
from ingest.spinnaker.model.argo_commands import Command, read_commands, read_patched_command
from ingest.spinnaker.model.argo_rollouts import KIND, read_correction
from ingest.spinnaker.model.coerce import as_micros
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.model.pod_templates import PodContent
from ingest.spinnaker.recognise.rollouts import make_rollout
from ingest.spinnaker.recognise.run import Step, Target
from ingest.spinnaker.recognise.traffic import Traffic


def make_commanded_rollouts(step: Step, manifest: Manifest) -> Iterator[Rollout]:
    """Yield a rollout for each command of a job or patch; none for any other.

    The Rollout is in the account of the stage and, unless the command names another, in its namespace.
    """
    if step.stage.type == "patchManifest":
        patched = read_patched_command(manifest)
        commands = [patched] if patched else []
    else:
        commands = list(read_commands(manifest)) if manifest.kind == "job" else []
    ended = step.traffic.full
    for command in commands:
        yield make_rollout(
            step,
            step.context,
            Target(step.account, command.namespace or step.namespace(manifest.namespace), command.name),
            PodContent(images=list(command.images) or None),
            annotated=manifest.application,
            workload_kind=KIND,
            traffic=Traffic(ended, ended, ended),
            **_effect(command),
        )


def make_corrections(step: Step, manifest: Manifest, rollout: Rollout) -> Iterator[Rollout]:
    """Yield what a stage that applies a Rollout tells of the version before: promoted or aborted in the cluster."""
    correction = read_correction(manifest) if rollout.pause_weights else None
    if correction and (at := correction.at or as_micros(step.stage.start_time)):
        yield msgspec.structs.replace(
            make_rollout(step, step.context, Target(rollout.account, rollout.location, rollout.cluster)),
            action=correction.action,
            workload_kind=KIND,
            accepted_at=at,
            first_traffic_at=at,
            full_traffic_at=at,
            aborted_by_analysis=correction.by_analysis,
        )


def _effect(command: Command) -> dict[str, Any]:
    if command.verb == "undo":
        revision = command.revision
        return {"action": "rollback", "restores": revision, "steps_back": None if revision else 1}
    return {"action": "deploy" if command.verb == "set" else command.verb}
