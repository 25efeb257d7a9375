"""Jobs and patches that move a Rollout of Argo: what they did to it, in place of the job or patch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dora.storage.rows.executions import Rollout
from ingest.spinnaker.model.argo_commands import Command, read_commands, read_patched_command
from ingest.spinnaker.model.argo_rollouts import KIND
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


def _effect(command: Command) -> dict[str, Any]:
    if command.verb == "undo":
        revision = command.revision
        return {"action": "rollback", "restores": revision, "steps_back": None if revision else 1}
    return {"action": "deploy" if command.verb == "set" else command.verb}
