"""Why a stage failed, as Spinnaker's own texts say it."""

from __future__ import annotations

import re
from typing import Any

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, first_text, get_nested
from ingest.spinnaker.model.payload import Stage, decode_raw

MAX_REASON_LENGTH = 500  # an exception of Clouddriver may repeat a whole manifest
# Kork writes "Status: 500, Method: GET, URL: http://…, Message: …"; a URL of a metric store holds the query too.
_REQUEST = re.compile(r"(?:Method: \w+, )?URL: .*?(?:, (?=Message: )|$)", re.DOTALL)
_ADDRESS = re.compile(
    r"\b[a-zA-Z][\w+.-]*://[^\s,\"')\]]*[^\s,\"')\].]|\b(?:[\w.-]+/)?(?:\d{1,3}\.){3}\d{1,3}\b(?::\d+)?"
)


def failure_reason(stage: Stage) -> str | None:
    """Return the first cause that a failed or canceled stage names: its exception, its operation's, its messages."""
    if stage.status not in ("failed", "canceled"):
        return None
    context = stage.context
    unstable = ", ".join(
        name
        for manifest in as_list(decode_raw(context.failed_manifests))
        if (name := first_text(get_nested(manifest, "manifestName"), get_nested(manifest, "name"), manifest))
    )
    # Newer Orcas write the exception beside the task that raised it.
    details = (decode_raw(task.task_exception_details) for task in stage.tasks or ())
    return shorten_reason(
        exception_message(decode_raw(context.exception))
        or _operation_message(decode_raw(context.kato_tasks))
        or first_text(*as_list(context.failure_messages))
        or (f"did not become stable: {unstable}" if unstable else None)
        or first_text(get_nested(decode_raw(context.job_status), "failureDetails"))
        or first_text(get_nested(decode_raw(context.webhook), "error"))
        or next(filter(None, (exception_message(get_nested(detail, "exception")) for detail in details)), None)
    )


def shorten_reason(value: object) -> str | None:
    """Return the start of a text without addresses, short enough for a table."""
    text = as_text(value)
    return _ADDRESS.sub("(address)", _REQUEST.sub("", text))[:MAX_REASON_LENGTH].strip() or None if text else None


def exception_message(exception: Any) -> str | None:
    """Return the first error of an exception, else its message, else the response that it met."""
    details = as_dict(get_nested(exception, "details"))
    operation = as_text(get_nested(exception, "operation"))
    if operation and operation.endswith("Fetch") and as_text(details.get("kind")):
        # What a metric store answers can repeat the query.
        return f"{operation}: {' '.join(filter(None, map(as_text, (details.get('kind'), details.get('status')))))}"
    return first_text(*as_list(details.get("errors")), details.get("error"), details.get("responseBody"))


def _operation_message(kato_tasks: Any) -> str | None:
    """Return the exception of the last operation of Clouddriver that failed, else the last status it reported."""
    for task in map(as_dict, reversed(as_list(kato_tasks))):
        exception, status = as_dict(task.get("exception")), as_dict(task.get("status"))
        if message := first_text(exception.get("message"), exception.get("cause")):
            return message
        if status.get("failed") is True:
            last_entry = as_list(task.get("history"))[-1:]
            return first_text(status.get("status"), *(get_nested(entry, "status") for entry in last_entry))
    return None
