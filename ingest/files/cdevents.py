"""CDEvents, one a line: what each tells of deployments, changes and incidents, and the rows that it becomes. Pure.

The events of the CD Foundation's specification (0.3 to 0.5): ``service.deployed``, ``upgraded`` and ``rolledback``,
``change.merged``, ``incident.detected``, ``reported`` and ``resolved``; bare, or as the data of a CloudEvent.
Others are passed over and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ingest.core import rows
from ingest.files.timestamps import Instant

_TYPE = re.compile(r"dev\.cdevents\.([a-z]+\.[a-z]+)\..+", re.IGNORECASE)
SHA = re.compile(r"[0-9a-f]{40}")
_VCS = re.compile(r"vcs_url=(?:git\+)?[a-z]+://[^/@&]*/([^@&]+?)(?:\.git)?@([0-9a-f]{7,40})")
KNOWN = {"context", "subject", "customData", "customDataContentType", "data"}
CLOUD = {"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema"}


def kind(cells: Mapping[str, Any]) -> str:
    """Subject and predicate, such as ``service.deployed``; raises ``ValueError`` for what is no CDEvent."""
    named = re.fullmatch(
        r"dev\.cdevents\.([a-z]+\.[a-z]+)\..+", str(_at(_event(cells), "context", "type")), re.IGNORECASE
    )
    if not named:
        raise ValueError("it is no CDEvent: context.type does not begin with dev.cdevents.")
    return named[1].lower()


def identity(cells: Mapping[str, Any]) -> list[str]:
    """The event's own id."""
    found = _at(_event(cells), "context", "id")
    return [str(found)] if found else []


def to_rows(cells: Mapping[str, Any]) -> Iterable[rows.Row]:
    """The landing rows of one event, none of one that is passed over; raises ``ValueError`` saying what it lacks."""
    read = _READ.get(kind(cells))
    return read(_event(cells)) if read else []


def passed_over(cells: Mapping[str, Any]) -> str | None:
    """The kind of an event that nobody reads; null of one that somebody does, or that is none."""
    try:
        found = kind(cells)
    except ValueError:
        return None
    return None if found in _READ else found


def _event(cells: Mapping[str, Any]) -> Mapping[str, Any]:
    data = cells.get("data")
    return data if isinstance(data, dict) else cells


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _needed(event: Mapping[str, Any], *path: str) -> str:
    found = _at(event, *path)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"{'.'.join(path)} must not be empty")
    return found.strip()


def _when(event: Mapping[str, Any]) -> int:
    return Instant(_needed(event, "context", "timestamp")).micros


def _service(event: Mapping[str, Any], action: str) -> list[rows.Row]:
    """A service's new version serves from the event's instant on: that is all that it tells of time."""
    name, at = _needed(event, "context", "id"), _when(event)
    application = _needed(event, "subject", "id")
    repository, commit = _source(event)
    execution = rows.Execution(
        id=name,
        application=application,
        root_id=name,
        status="succeeded",
        finished_at=at,
        repository=repository,
        commit=commit,
        commit_origin="file" if commit else None,
    )
    rollout = rows.Rollout(
        id=name,
        execution_id=name,
        application=application,
        action=action,
        environment=_needed(event, "subject", "content", "environment", "id"),
        status="succeeded",
        first_traffic_at=at,
        full_traffic_at=at,
        finished_at=at,
        version=_at(event, "subject", "content", "artifactId"),
        kind="rollback" if action == "rollback" else None,
    )
    return [execution, rollout]


def _source(event: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Repository and commit, of our own customData or of the package URL's ``vcs_url``."""
    told = _at(event, "customData")
    commit = _at(told, "commit")
    if isinstance(commit, str):
        return _at(told, "repository"), commit.lower()
    found = _VCS.search(unquote(str(_at(event, "subject", "content", "artifactId"))))
    return (found[1], found[2]) if found else (None, None)


def _merged(event: Mapping[str, Any]) -> list[rows.Row]:
    repository = _needed(event, "subject", "content", "repository", "id")
    named = str(_at(event, "customData", "commit") or _needed(event, "subject", "id")).lower()
    if not SHA.fullmatch(named):
        raise ValueError("it names no commit: neither subject.id nor customData.commit is a full sha")
    request = _at(event, "subject", "id")
    return [
        rows.Change(
            id=f"{repository}@{named}",
            repository=repository,
            sha=named,
            merged_at=_when(event),
            change_request=None if str(request).lower() == named else str(request),
        )
    ]


def _incident(event: Mapping[str, Any], what: str) -> list[rows.Row]:
    links = _at(event, "context", "links")
    causes = [_at(link, "target", "contextId") for link in links or [] if _at(link, "linkType") == "RELATION"]
    return [
        rows.IncidentEvent(
            id=_needed(event, "context", "id"),
            incident=_needed(event, "subject", "id"),
            application=_needed(event, "subject", "content", "service", "id"),
            event=what,
            happened_at=_when(event),
            deployment=next((str(cause) for cause in causes if cause), None),
            title=_at(event, "subject", "content", "description") if what == "opened" else None,
        )
    ]


_READ: dict[str, Callable[[Mapping[str, Any]], list[rows.Row]]] = {
    "service.deployed": lambda event: _service(event, "deploy"),
    "service.upgraded": lambda event: _service(event, "deploy"),
    "service.rolledback": lambda event: _service(event, "rollback"),
    "change.merged": _merged,
    "incident.detected": lambda event: _incident(event, "opened"),
    "incident.reported": lambda event: _incident(event, "opened"),
    "incident.resolved": lambda event: _incident(event, "resolved"),
}
