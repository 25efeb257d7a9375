"""Builders of stages and rollouts that the tests of recognition share."""

from __future__ import annotations

import json
from typing import Any

from ingest.core.archive import Document
from ingest.core.rows import Rollout
from ingest.spinnaker.parse.document import parse_document
from tests.ingest.spinnaker.conftest import T


def rollouts(*stages: dict[str, Any], **more: Any) -> list[Rollout]:
    """Rollouts of an execution with these stages."""
    body = {"id": "E", "application": "shop", "status": "SUCCEEDED", "stages": list(stages), **more}
    rows = parse_document(Document("execution", json.dumps(body).encode()))
    return [row for row in rows if isinstance(row, Rollout)]


def times(row: Rollout) -> tuple[int | None, ...]:
    """First and full traffic in milliseconds after T."""
    return tuple(None if at is None else at // 1000 - T for at in (row.first_traffic_at, row.full_traffic_at))


def stage(id_: str, type_: str, begin: int, end: int | None, context: Any = None, **more: Any) -> dict[str, Any]:
    """A stage that ended well after so many milliseconds."""
    return {
        "id": id_,
        "type": type_,
        "status": "SUCCEEDED",
        "startTime": T + begin,
        "endTime": None if end is None else T + end,
        "context": context or {},
        **more,
    }
