"""The table of what each rollout did to its target: ``effects``, from the events of the targets that have a history.

Most targets only ever get new content, and what a rollout did there is what its row says. A target is replayed if it
has anything else: a rollback, dark content, an old version enabled, weights. Workloads that one route leads to share a
target (T2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from dora.memory import paused_garbage_collection
from dora.sql import catalog
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection
from dora.targets.places import Key, Places, RolloutRow, RouteRow, TargetEvent
from dora.targets.replay import Target


class EffectRow(NamedTuple):
    """One row of ``effects``."""

    source: str
    rollout_id: str
    target: str
    application: str
    execution_id: str
    root_id: str
    part: str
    source_rollout_id: str | None
    first_traffic_at: int | None
    full_traffic_at: int | None
    prepared_for: str | None
    stopped_by: str | None
    stopped_at: int | None


@paused_garbage_collection()
def write_effects(con: Connection) -> None:
    """Create ``effects`` with the rows of ``compute_effects``, and ``unknown_destinations``.

    The latter has one row per destination with traffic that leads to no workload that was ever deployed.
    """
    queries = catalog.queries("lineage")
    rollouts = [RolloutRow._make(row) for row in con.execute(queries["target_events"]).fetchall()]
    places = Places(rollouts, map(RouteRow._make, con.execute(queries["routes"]).fetchall()))
    canaries = con.execute(queries["canary_workloads"]).fetchall()
    _create_table(con, "effects", EffectRow._fields, compute_effects(rollouts, places))
    unknown = places.unknown_destinations(canaries)
    columns = ("source", "route_id", "host", "subset")
    _create_table(
        con, "unknown_destinations", columns, [(row.source, row.route_id, row.host, row.subset) for row in unknown]
    )


def _create_table(con: Connection, name: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Create a temporary table of texts and, where a name ends in ``_at``, times in microseconds."""
    types = ("TIMESTAMP" if column.endswith("_at") else "VARCHAR" for column in names)
    columns = ", ".join(f"{column} {kind}" for column, kind in zip(names, types, strict=True))
    con.execute(f"CREATE TEMP TABLE {name} ({columns})")
    insert_rows(con, name, rows)


def compute_effects(rollouts: Iterable[RolloutRow], places: Places) -> list[EffectRow]:
    """Return one row per event of a target that is replayed, with what it put into service; times in microseconds.

    ``part`` is a word of ``Part``, ``source_rollout_id`` the rollout whose content served, null if that is not known,
    ``prepared_for`` the root of the deployment that gave it traffic, where that is another one, ``stopped_by`` who
    aborted it before it had all. Steps of weights have rows of their own, under the id of the route.
    """
    applications: dict[Key, str] = {}
    events: defaultdict[Key, list[TargetEvent]] = defaultdict(list)
    for row in rollouts:
        key = row.source, places.target(row)
        applications.setdefault(key, row.application)
        events[key].append(TargetEvent(row.as_event(), row.rollout_id, row.execution_id))
    for key, event in places.route_events():
        events[key].append(event)
    return [
        effect
        for key, of_target in events.items()
        for effect in _replay(key, applications[key], of_target, is_routed=key in places.routed)
    ]


def _replay(key: Key, application: str, events: list[TargetEvent], *, is_routed: bool) -> Iterator[EffectRow]:
    source, target = key
    events.sort(key=lambda each: (each.event.at is None, each.event.at))
    effects = Target(is_routed=is_routed).replay([each.event for each in events])
    for each, effect in zip(events, effects, strict=True):
        source_rollout_id = None if effect.source is None else events[effect.source].rollout_id
        yield EffectRow(
            source, each.rollout_id, target, application, each.execution_id, each.event.deployment, effect.part,
            source_rollout_id, effect.first, effect.full, effect.prepared_for, effect.stopped_by,
            effect.stopped_at,
        )  # fmt: skip
