"""Builders of stages and readers of rollouts that the tests of recognition share."""

from __future__ import annotations

from typing import Any

from dora.storage.rows.executions import Rollout
from tests.ingest.spinnaker.conftest import T


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
