"""The state of a Spinnaker installation at one instant, as a double of Gate serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stub:
    """One row of Orca's execution table; ``payload`` renders the document.

    Times are epoch milliseconds. ``config_id`` is null for an orchestration (an operation from the UI).
    """

    id: str
    application: str
    config_id: str | None
    name: str
    status: str
    build_time: int
    start_time: int | None
    # A full year in memory would take gigabytes.
    payload: Callable[[], Json]
    orchestration: bool = False


@dataclass(slots=True)
class World:
    """Everything that one Gate serves; ``now`` (epoch milliseconds) is its clock.

    ``hidden``: applications that the user may not read. ``lagging``: executions that a replica does not have yet.
    ``revisions``: earlier configurations of a pipeline, newest first. ``hides_disabled``: Orca's setting
    ``excludeExecutionsOfDisabledPipelines``.
    """

    now: int
    applications: list[Json] = field(default_factory=list)
    credentials: list[Json] = field(default_factory=list)
    pipeline_configs: list[Json] = field(default_factory=list)
    executions: list[Stub] = field(default_factory=list)
    canary_results: dict[str, Json] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    lagging: set[str] = field(default_factory=set)
    templates: list[Json] = field(default_factory=list)
    revisions: dict[str, list[Json]] = field(default_factory=dict)
    hides_disabled: bool = False
