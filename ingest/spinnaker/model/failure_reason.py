"""Why a stage failed, in the words of Spinnaker."""

from __future__ import annotations

from typing import Any

from ingest.spinnaker.model.coerce import first, items, mapping
from ingest.spinnaker.model.payload import Stage, Task, loose

LONGEST = 500


def failure(stage: Stage) -> str | None:
    """The first cause that a failed or canceled stage names: its exception, its operation's, its messages."""
    if stage.state not in ("failed", "canceled"):
        return None
    context = stage.values
    found = (
        detailed(loose(context.exception))
        or _operation(loose(context.kato_tasks))
        or first(*items(context.failure_messages))
        or _manifests(loose(context.failed_manifests))
        or first(mapping(loose(context.job_status)).get("failureDetails"))
        or first(*map(_task, stage.tasks or ()))
    )
    return found[:LONGEST] if found else None


def detailed(exception: Any) -> str | None:
    """What an exception of a stage says: its first error, else what it is, else the answer that it got."""
    details = mapping(mapping(exception).get("details"))
    return first(*items(details.get("errors")), details.get("error"), details.get("responseBody"))


def _task(task: Task) -> str | None:
    """What newer Orcas write beside the task that failed."""
    return detailed(mapping(loose(task.task_exception_details)).get("exception"))


def _operation(tasks: Any) -> str | None:
    """The exception of the last operation on the cloud that failed, else what it last reported of its failing."""
    for task in (mapping(task) for task in reversed(items(tasks))):
        exception, state = mapping(task.get("exception")), mapping(task.get("status"))
        if found := first(exception.get("message"), exception.get("cause")):
            return found
        if state.get("failed") is True:
            return first(state.get("status"), *(mapping(one).get("status") for one in items(task.get("history"))[-1:]))
    return None


def _manifests(failed: Any) -> str | None:
    """Which manifests did not become stable."""
    names = [first(mapping(one).get("manifestName"), mapping(one).get("name"), one) for one in items(failed)]
    listed = ", ".join(name for name in names if name)
    return f"did not become stable: {listed}" if listed else None
