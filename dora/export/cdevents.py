"""Deployments, rollbacks and incidents of a build as CDEvents 0.5, one JSON object a line, the earliest first.

Specification: https://cdevents.dev. An event has the same id in every export, and links by these ids. What the
specification has no field for (commit, kind, outcome) is in ``customData``; ``dora ingest files`` reads all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from packageurl import PackageURL

from dora.api import Delivery
from dora.query.lists import stream_export
from dora.query.value import Scope
from dora.render.file import write_lines

SPECIFICATION = "0.5.0"
VERSION = "0.3.0"  # of each event type in that specification
ENVIRONMENT = {"id": "production"}  # whose deployments and incidents a build has
CUSTOM = ("repository", "commit", "kind", "outcome", "pipeline", "url")
LINK_KINDS = {"service": "ROLLBACK", "incident": "CAUSE"}
_IMAGE = re.compile(
    r"(?P<repository>[\w.:/-]+?/)?(?P<name>[\w.-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)
Event = dict[str, Any]


def write(delivery: Delivery, path: Path, scope: Scope) -> int:
    """Write the events that happened in a scope, and return how many there are.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    return write_lines(path, (msgspec.json.encode(event) for event in _events(delivery, scope)))


def _events(delivery: Delivery, scope: Scope) -> Iterator[Event]:
    for row in stream_export(delivery.connection(), "cdevents", scope):
        yield _service_event(row) if row["type"].startswith("service.") else _incident_event(row)


def _service_event(row: Mapping[str, Any]) -> Event:
    content = {"environment": ENVIRONMENT, "artifactId": package_url(row["application"], row["version"], row["commit"])}
    custom = {name: row[name] for name in CUSTOM if row[name] is not None}
    return {"context": _context(row, row["type"]), "subject": _subject(row, row["application"], content)} | (
        {"customDataContentType": "application/json", "customData": custom} if custom else {}
    )


def _incident_event(row: Mapping[str, Any]) -> Event:
    content: Event = {"environment": ENVIRONMENT, "service": {"id": row["application"]}}
    if row["title"]:
        content["description"] = row["title"]
    kind = row["type"]
    if kind == "incident.detected" and _is_uri(row["url"]):
        kind, content["ticketURI"] = "incident.reported", row["url"]
    return {"context": _context(row, kind), "subject": _subject(row, row["subject"], content)}


def _context(row: Mapping[str, Any], kind: str) -> Event:
    links = [
        {"linkType": "RELATION", "linkKind": LINK_KINDS[kind.partition(".")[0]], "target": {"contextId": linked_id}}
        for linked_id in row["linked_ids"]
    ]
    return {
        "specversion": SPECIFICATION,
        "id": row["id"],
        "source": _source(row),
        "type": f"dev.cdevents.{kind}.{VERSION}",
        "timestamp": _timestamp(row["happened_at"]),
        **({"chainId": row["chain"]} if row["chain"] else {}),
        **({"links": links} if links else {}),
    }


def _subject(row: Mapping[str, Any], subject: str, content: Event) -> Event:
    return {"id": subject, "source": _source(row), "content": content}


def _source(row: Mapping[str, Any]) -> str:
    return f"/dora/{quote(row['source'], safe='')}"


def _timestamp(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='microseconds')}Z"


def _is_uri(text: str | None) -> bool:
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not re.search(r'[\s<>"{}|\\^`]', text or "")


def package_url(application: str, version: str | None, commit: str | None) -> str:
    """Return what was deployed as a package URL: the image, else the application with its version or commit."""
    match = _IMAGE.fullmatch(version or "")
    if not match or not (match["tag"] or match["digest"]) or not match["repository"]:
        return PackageURL("generic", None, application, version or commit).to_string()
    qualifiers = {"repository_url": f"{match['repository']}{match['name']}", "tag": match["tag"]}
    present = {name: value for name, value in qualifiers.items() if value}
    return PackageURL("oci", None, match["name"], match["digest"], present).to_string()
