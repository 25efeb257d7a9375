"""Jobs that promote, abort or undo a Rollout of Argo: what they did to it, in place of the job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dora.storage.rows.executions import Rollout
from ingest.spinnaker.model.argo_rollouts import Command, read_commands
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.recognise.rollouts import make_rollout
from ingest.spinnaker.recognise.run import Step, Target
from ingest.spinnaker.recognise.traffic import Traffic


def rollout_commands(step: Step, manifest: Manifest) -> Iterator[Rollout]:
    """Yield a rollout for each command of a job; none for any other job.

    The Rollout is in the account of the job and, unless the command names another, in its namespace.
    """
    if manifest.kind != "job":
        return
    ended = step.traffic.full
    for command in read_commands(manifest):
        target = Target(step.account, command.namespace or step.namespace(manifest.namespace), command.name)
        yield make_rollout(
            step,
            step.context,
            target,
            annotated=manifest.application,
            workload_kind="rollout",
            traffic=Traffic(ended, ended, ended),
            **_effect(command),
        )


def _effect(command: Command) -> dict[str, Any]:
    if command.verb == "promote":
        return {"action": "enable", "strategy": None if command.is_full else "weights", "steps_back": 0}
    restores = "stable" if command.verb == "abort" else command.revision
    return {"action": "rollback", "restores": restores, "steps_back": None if restores else 1}
