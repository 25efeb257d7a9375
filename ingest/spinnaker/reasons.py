"""Why a stage failed, in the words of Spinnaker."""

from __future__ import annotations

from typing import Any

from ingest.spinnaker.payload import Stage, loose
from ingest.spinnaker.values import first, items, mapping

LONGEST = 500


def failure(stage: Stage) -> str | None:
    """The first cause that a failed or canceled stage names: its exception, its operation's, its messages."""
    if stage.state not in ("failed", "canceled"):
        return None
    context = stage.values
    found = (
        _detailed(loose(context.exception))
        or _operation(loose(context.kato_tasks))
        or first(*items(context.failure_messages))
    )
    return found[:LONGEST] if found else None


def _detailed(exception: Any) -> str | None:
    details = mapping(mapping(exception).get("details"))
    return first(*items(details.get("errors")), details.get("error"))


def _operation(tasks: Any) -> str | None:
    exceptions = [mapping(mapping(task).get("exception")) for task in reversed(items(tasks))]
    return next((found for one in exceptions if (found := first(one.get("message"), one.get("cause")))), None)
