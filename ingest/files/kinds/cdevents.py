"""Turn CDEvents, one a line, into records of deployments, changes, approvals, environments and incidents. Pure.

The events are those of https://cdevents.dev, versions 0.3 to 0.5: ``service.deployed``, ``upgraded`` and
``rolledback``, ``change.merged``, ``approval.created`` and ``closed``, ``environment.created``, ``modified`` and
``deleted``, ``incident.detected``, ``reported`` and ``resolved``; bare, or as the data of a CloudEvent. Other events
are skipped and counted. A field of the wrong type makes the event unreadable.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from dora.storage.rows import changes, executions, incidents, inventory
from dora.storage.rows.base import Row
from ingest.files.identities import RowIds
from ingest.files.kinds.deployments import Deployment
from ingest.files.records import Conventions, Kind, Record, Status
from ingest.files.timestamps import Timestamp

_TYPE = re.compile(r"dev\.cdevents\.([a-z]+\.[a-z]+)\..+", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{40}")
# https://github.com/package-url/purl-spec: vcs_url=git+https://USER@HOST/OWNER/NAME.git@COMMIT, or in the form of scp.
_VCS_URL = re.compile(r"vcs_url=(?:(?:git\+)?[a-z+]+://[^/&]*/|[^/&:]+:)([^@&]+?)(?:\.git)?/?@([0-9a-f]{7,40})\b")
FIELDS = (
    *("context", "subject", "customData", "customDataContentType"),
    *("specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data"),  # of a CloudEvent
)
NO_COMMIT = "change.merged without a commit id, which belong to the changes of git with the number of their request"
# Of a closed approval: what its prompt came to, what was decided, and the status of its stage.
_CLOSED = {
    "approved": ("decided", "continue"),
    "rejected": ("decided", "stop"),
    "cancelled": ("canceled", None),
    "expired": ("timed_out", None),
}
_KINDS = {word: Kind(word) for word in Kind.words}
Event = Mapping[str, Any]


class DeploymentEvent(Deployment, frozen=True, kw_only=True):
    """An event of a service. Its group is in a chain, which all systems name alike."""

    has_shared_groups: ClassVar[bool] = True

    chain: str | None = None

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing rows."""
        execution, *others = super().to_rows(ids)
        return [msgspec.structs.replace(execution, chain=self.chain), *others]


class OtherEvent(Record, frozen=True, kw_only=True):
    """Any other event: what identifies it, when it happened, its rows, and its kind if it is skipped."""

    key: str
    happened_at: Timestamp | None = None
    rows: tuple[Row, ...] = ()
    skipped: str | None = None
    remark: str | None = None

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing rows."""
        return list(self.rows)


def read_event(cells: Event, conventions: Conventions) -> Record:
    """Return an event as a record; raises ``ValueError`` with the field that is wrong."""
    event = _unwrap(cells)
    kind = _event_kind(event)
    if kind not in _DEPLOYMENTS and kind not in _ROWS:
        happened_at = None
        with contextlib.suppress(ValueError):  # what is not read can not be wrong
            happened_at = _happened_at(event, conventions)
        return OtherEvent(key="", happened_at=happened_at, skipped=kind)
    happened_at = _happened_at(event, conventions)
    if kind in _DEPLOYMENTS:
        return _to_deployment(event, kind, happened_at)
    row = _ROWS[kind](event, happened_at)
    remark = NO_COMMIT if isinstance(row, changes.ChangeRequest) else None
    return OtherEvent(key=_event_key(event), happened_at=happened_at, rows=(row,), remark=remark)


def _event_kind(event: Event) -> str:
    """Return subject and predicate, like ``service.deployed``; raises ``ValueError`` if it is not a CDEvent."""
    context = event.get("context")
    match = _TYPE.fullmatch(str(context.get("type"))) if isinstance(context, dict) else None
    if not match:
        raise ValueError("not a CDEvent: context.type does not begin with dev.cdevents.")
    return match[1].lower()


def _event_key(event: Event) -> str:
    """Return source and id of an event, which identify it; empty if it has no id."""
    source, event_id = _text(event, "context", "source"), _text(event, "context", "id")
    return "#".join(filter(None, (source, event_id))) if event_id else ""


def _unwrap(cells: Mapping[str, Any]) -> Event:
    data = cells.get("data")
    return data if isinstance(data, dict) else cells


def _text(value: Any, *path: str) -> str | None:
    """Return the text at a path, null if it is absent or blank; raises ``ValueError`` if a part has another type."""
    for depth, name in enumerate(path):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ValueError(f"{'.'.join(path[:depth])} must be an object")
        value = value.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{'.'.join(path)} must be text")
    return (value or "").strip() or None


def _require(event: Event, *path: str) -> str:
    value = _text(event, *path)
    if not value:
        raise ValueError(f"{'.'.join(path)} must not be empty")
    return value


def _happened_at(event: Event, conventions: Conventions) -> Timestamp:
    return Timestamp(_require(event, "context", "timestamp"), conventions.zone)


def _to_deployment(event: Event, kind: str, happened_at: Timestamp) -> DeploymentEvent:
    is_rollback = kind == "service.rolledback"
    service, version = _require(event, "subject", "id"), _text(event, "subject", "content", "artifactId")
    chain = _text(event, "context", "chainId")
    of_chain = [chain, service, version, "rollback" if is_rollback else None]
    repository, commit = _source_code(event, version)
    return DeploymentEvent(
        id=_require(event, "context", "id"),
        system=_text(event, "context", "source"),
        application=service,
        environment=_require(event, "subject", "content", "environment", "id"),
        # The specification has no event of a deployment that broke after it took traffic; ours say it here.
        status=Status("failed" if _custom_text(event, "outcome") == "failed" else "succeeded"),
        # A service event says when the new version serves. It does not say when its rollout started.
        finished_at=happened_at,
        repository=repository,
        commit=commit,
        version=version,
        kind=Kind("rollback") if is_rollback else _KINDS.get(_custom_text(event, "kind") or ""),
        chain=chain,
        group="/".join(filter(None, of_chain)) if chain else None,
    )


def _source_code(event: Event, version: str | None) -> tuple[str | None, str | None]:
    """Return repository and commit, from customData or from the ``vcs_url`` of the package URL."""
    repository, commit = _custom_text(event, "repository"), _custom_text(event, "commit")
    if commit:
        return repository, commit.lower()
    match = _VCS_URL.search(unquote(version or ""))
    return (match[1], match[2]) if match else (None, None)


def _custom_text(event: Event, name: str) -> str | None:
    # The specification allows text of any format as customData, which has no fields to read.
    return None if isinstance(event.get("customData"), str) else _text(event, "customData", name)


def _change_row(event: Event, happened_at: Timestamp) -> Row:
    repository = _require(event, "subject", "content", "repository", "id")
    # The subject is the commit itself or the number of the request, whose commit customData may have.
    stated, subject = _custom_text(event, "commit"), _text(event, "subject", "id")
    sha = (stated or _require(event, "subject", "id")).lower()
    if not _SHA.fullmatch(sha):
        if stated:
            raise ValueError("customData.commit is not a full commit id")
        return _request_row(repository, _require(event, "subject", "id"), happened_at)
    return changes.Change(
        id=f"{repository}@{sha}",
        repository=repository,
        sha=sha,
        merged_at=happened_at,
        change_request=subject if subject and subject.lower() != sha else None,
    )


def _request_row(repository: str, subject: str, happened_at: Timestamp) -> Row:
    """Return the request that was merged; a path such as ``pulls/17`` ends with its number."""
    number = re.split(r"[/#!]", subject)[-1]
    if not re.fullmatch(r"[^\s]+", number):
        raise ValueError("no commit and no number of a request: subject.id")
    return changes.ChangeRequest(
        id=f"{repository}#{number}", repository=repository, number=number, merged_at=happened_at
    )


def _approval_row(event: Event, happened_at: Timestamp, approval_event: str) -> Row:
    _require(event, "context", "id")
    responder, status = (_text(event, "subject", "content", name) for name in ("responder", "status"))
    if approval_event == "closed" and status not in _CLOSED:
        raise ValueError(f"subject.content.status is none of {', '.join(_CLOSED)}")
    outcome, decision = _CLOSED.get(status or "", (None, None))
    return executions.ApprovalEvent(
        id=_event_key(event),
        approval=_require(event, "subject", "id"),
        system=_text(event, "subject", "source") or _text(event, "context", "source"),
        event=approval_event,
        happened_at=happened_at,
        chain=_text(event, "context", "chainId"),
        deployment=_linked_event(event),
        outcome=outcome,
        decision=decision,
        # People are URIs here; an address alone is how commits name them.
        decided_by=responder.removeprefix("mailto:") if responder and decision else None,
        url=_text(event, "subject", "content", "approvalDetailsUrl"),
    )


def _environment_row(event: Event, happened_at: Timestamp) -> Row:
    _require(event, "context", "id")
    return inventory.EnvironmentEvent(
        id=_event_key(event),
        environment_id=_require(event, "subject", "id"),
        system=_text(event, "subject", "source") or _text(event, "context", "source"),
        name=_text(event, "subject", "content", "name"),
        happened_at=happened_at,
    )


def _incident_row(event: Event, happened_at: Timestamp, incident_event: str) -> Row:
    _require(event, "context", "id")
    return incidents.IncidentEvent(
        id=_event_key(event),
        incident=_require(event, "subject", "id"),
        system=_text(event, "subject", "source") or _text(event, "context", "source"),
        application=_require(event, "subject", "content", "service", "id"),
        environment=_text(event, "subject", "content", "environment", "id"),
        event=incident_event,
        happened_at=happened_at,
        deployment=_linked_event(event),
        title=_text(event, "subject", "content", "description") if incident_event == "opened" else None,
    )


def _linked_event(event: Event) -> str | None:
    """Return the first event that a link of type RELATION points at."""
    links = event["context"].get("links")
    if not isinstance(links, list | None):
        raise ValueError("context.links must be a list")
    linked = [{"context.links": link} for link in links or []]
    related = [link for link in linked if _text(link, "context.links", "linkType") == "RELATION"]
    targets = [_text(link, "context.links", "target", "contextId") for link in related]
    return next(filter(None, targets), None)


_DEPLOYMENTS = {"service.deployed", "service.upgraded", "service.rolledback"}
_ROWS: dict[str, Callable[[Event, Timestamp], Row]] = {
    "change.merged": _change_row,
    "approval.created": lambda event, at: _approval_row(event, at, "opened"),
    "approval.closed": lambda event, at: _approval_row(event, at, "closed"),
    "environment.created": _environment_row,
    "environment.modified": _environment_row,
    "environment.deleted": _environment_row,
    "incident.detected": lambda event, at: _incident_row(event, at, "opened"),
    "incident.reported": lambda event, at: _incident_row(event, at, "opened"),
    "incident.resolved": lambda event, at: _incident_row(event, at, "resolved"),
}
