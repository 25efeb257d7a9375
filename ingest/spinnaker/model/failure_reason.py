"""Why a stage failed, in the words of Spinnaker."""

from __future__ import annotations

from typing import Any

from ingest.spinnaker.model.coerce import as_dict, as_list, first_text
from ingest.spinnaker.model.payload import Stage, Task, decode_raw

MAX_REASON_LENGTH = 500


def failure_reason(stage: Stage) -> str | None:
    """The first cause that a failed or canceled stage names: its exception, its operation's, its messages."""
    if stage.state not in ("failed", "canceled"):
        return None
    context = stage.values
    found = (
        exception_message(decode_raw(context.exception))
        or _operation(decode_raw(context.kato_tasks))
        or first_text(*as_list(context.failure_messages))
        or _manifests(decode_raw(context.failed_manifests))
        or first_text(as_dict(decode_raw(context.job_status)).get("failureDetails"))
        or first_text(*map(_task, stage.tasks or ()))
    )
    return found[:MAX_REASON_LENGTH] if found else None


def exception_message(exception: Any) -> str | None:
    """What an exception of a stage says: its first error, else what it is, else the answer that it got."""
    details = as_dict(as_dict(exception).get("details"))
    return first_text(*as_list(details.get("errors")), details.get("error"), details.get("responseBody"))


def _task(task: Task) -> str | None:
    """What newer Orcas write beside the task that failed."""
    return exception_message(as_dict(decode_raw(task.task_exception_details)).get("exception"))


def _operation(tasks: Any) -> str | None:
    """The exception of the last operation on the cloud that failed, else what it last reported of its failing."""
    for task in (as_dict(task) for task in reversed(as_list(tasks))):
        exception, state = as_dict(task.get("exception")), as_dict(task.get("status"))
        if found := first_text(exception.get("message"), exception.get("cause")):
            return found
        if state.get("failed") is True:
            return first_text(
                state.get("status"), *(as_dict(one).get("status") for one in as_list(task.get("history"))[-1:])
            )
    return None


def _manifests(failed: Any) -> str | None:
    """Which manifests did not become stable."""
    names = [first_text(as_dict(one).get("manifestName"), as_dict(one).get("name"), one) for one in as_list(failed)]
    listed = ", ".join(name for name in names if name)
    return f"did not become stable: {listed}" if listed else None
