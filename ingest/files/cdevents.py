"""Turn CDEvents, one a line, into landing rows of deployments, changes and incidents. Pure.

The events are those of https://cdevents.dev, versions 0.3 to 0.5: ``service.deployed``, ``upgraded`` and
``rolledback``, ``change.merged``, ``incident.detected``, ``reported`` and ``resolved``; bare, or as the data of a
CloudEvent. Other events are skipped and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from dora.storage.rows import changes, incidents
from dora.storage.rows.base import Row
from ingest.files.records import Deployment, deployment_rows
from ingest.files.timestamps import Timestamp

_TYPE = re.compile(r"dev\.cdevents\.([a-z]+\.[a-z]+)\..+", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{40}")
# https://github.com/package-url/purl-spec: vcs_url=git+https://HOST/OWNER/NAME.git@COMMIT
_VCS_URL = re.compile(r"vcs_url=(?:git\+)?[a-z]+://[^/@&]*/([^@&]+?)(?:\.git)?@([0-9a-f]{7,40})")
FIELDS = {"context", "subject", "customData", "customDataContentType"}
CLOUDEVENT_FIELDS = {"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data"}
Event = Mapping[str, Any]


def event_kind(cells: Mapping[str, Any]) -> str:
    """Return subject and predicate, like ``service.deployed``; raises ``ValueError`` if it is not a CDEvent."""
    match = _TYPE.fullmatch(str(_get(_unwrap(cells), "context", "type")))
    if not match:
        raise ValueError("not a CDEvent: context.type does not begin with dev.cdevents.")
    return match[1].lower()


def event_id(cells: Mapping[str, Any]) -> str:
    """Return the id of the event, empty if it has none."""
    return str(_get(_unwrap(cells), "context", "id") or "")


def to_rows(cells: Mapping[str, Any]) -> Iterable[Row]:
    """Return the landing rows of an event, none if it is skipped; raises ``ValueError`` with the missing field."""
    to_event_rows = _ROWS.get(event_kind(cells))
    return to_event_rows(_unwrap(cells)) if to_event_rows else []


def skipped_kind(cells: Mapping[str, Any]) -> str | None:
    """Return the kind of an event that is skipped; null for other events and for what is not a CDEvent."""
    try:
        kind = event_kind(cells)
    except ValueError:
        return None
    return None if kind in _ROWS else kind


def _unwrap(cells: Mapping[str, Any]) -> Event:
    data = cells.get("data")
    return data if isinstance(data, dict) else cells


def _get(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _require(event: Event, *path: str) -> str:
    value = _get(event, *path)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{'.'.join(path)} must not be empty")
    return value.strip()


def _happened_at(event: Event) -> Timestamp:
    return Timestamp(_require(event, "context", "timestamp"))


def _deployment_rows(event: Event, *, is_rollback: bool = False) -> list[Row]:
    # A service event says when the new version serves. It does not say when its rollout started.
    served_at = _happened_at(event)
    repository, commit = _source_code(event)
    deployment = Deployment(
        id=_require(event, "context", "id"),
        application=_require(event, "subject", "id"),
        environment=_require(event, "subject", "content", "environment", "id"),
        status="succeeded",
        finished_at=served_at,
        repository=repository,
        commit=commit,
        version=_get(event, "subject", "content", "artifactId"),
        kind="rollback" if is_rollback else None,
    )
    return deployment_rows(deployment, served_at, served_at)


def _source_code(event: Event) -> tuple[str | None, str | None]:
    """Return repository and commit, from customData or from the ``vcs_url`` of the package URL."""
    custom_data = _get(event, "customData")
    commit = _get(custom_data, "commit")
    if isinstance(commit, str):
        return _get(custom_data, "repository"), commit.lower()
    match = _VCS_URL.search(unquote(str(_get(event, "subject", "content", "artifactId"))))
    return (match[1], match[2]) if match else (None, None)


def _change_rows(event: Event) -> list[Row]:
    repository = _require(event, "subject", "content", "repository", "id")
    sha = str(_get(event, "customData", "commit") or _require(event, "subject", "id")).lower()
    if not _SHA.fullmatch(sha):
        raise ValueError("no commit: neither subject.id nor customData.commit is a full commit id")
    # The subject is the commit itself or, with the commit in customData, the number of the request.
    subject = str(_get(event, "subject", "id"))
    return [
        changes.Change(
            id=f"{repository}@{sha}",
            repository=repository,
            sha=sha,
            merged_at=_happened_at(event),
            change_request=None if subject.lower() == sha else subject,
        )
    ]


def _incident_rows(event: Event, incident_event: str) -> list[Row]:
    links = _get(event, "context", "links")
    deployments = [_get(link, "target", "contextId") for link in links or [] if _get(link, "linkType") == "RELATION"]
    return [
        incidents.IncidentEvent(
            id=_require(event, "context", "id"),
            incident=_require(event, "subject", "id"),
            application=_require(event, "subject", "content", "service", "id"),
            event=incident_event,
            happened_at=_happened_at(event),
            deployment=next((str(deployment) for deployment in deployments if deployment), None),
            title=_get(event, "subject", "content", "description") if incident_event == "opened" else None,
        )
    ]


_ROWS: dict[str, Callable[[Event], list[Row]]] = {
    "service.deployed": _deployment_rows,
    "service.upgraded": _deployment_rows,
    "service.rolledback": lambda event: _deployment_rows(event, is_rollback=True),
    "change.merged": _change_rows,
    "incident.detected": lambda event: _incident_rows(event, "opened"),
    "incident.reported": lambda event: _incident_rows(event, "opened"),
    "incident.resolved": lambda event: _incident_rows(event, "resolved"),
}
