"""The table of what each rollout did to its target: ``effects``, from the events of the targets that have a history.

Most targets only ever get new content, and what a rollout did there is what its row says. A target is replayed if it
has anything else: a rollback, dark content, an old version enabled, weights. Workloads that one route leads to share a
target (T2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dora.lineage.events import Action, Destination, Event
from dora.lineage.replay import Target
from dora.storage.database import Connection

Place = tuple[str, str | None, str | None]  # source, account, location
Key = tuple[str, str]  # source, target

# A host may be written with its namespace and domain: shop.prod.svc.cluster.local.
_ROUTES = """
SELECT route.source, lower(route.account), lower(route.location), min(route.id) OVER stage, route.execution_id,
  execution.root_id, epoch_us(route.applied_at), lower(regexp_extract(route.host, '^[^.]*')), lower(route.subset),
  route.labels, route.weight
FROM landing.traffic_route route
JOIN landing.execution ON route.source = execution.source AND route.execution_id = execution.id
  AND route.revision = execution.revision
WHERE NOT execution.dry_run OR route.applied_at IS NOT NULL
WINDOW stage AS (PARTITION BY route.source, route.execution_id, route.account, route.location, route.kind, route.name,
  route.started_at)
ORDER BY ALL
"""

# The places of routes, and the targets with anything but deploys: only there does a history decide what serves.
_EVENTS = """
WITH replayed AS (
  SELECT DISTINCT source, target FROM production_rollouts
  WHERE NOT is_canary AND (action NOT IN ('deploy', 'scale') OR strategy = 'dark'
    OR (action = 'scale' AND server_group IS NOT NULL))
  UNION
  SELECT DISTINCT rollouts.source, rollouts.target
  FROM production_rollouts rollouts JOIN landing.traffic_route route
    ON rollouts.source = route.source AND lower(rollouts.account) IS NOT DISTINCT FROM lower(route.account)
    AND lower(rollouts.location) IS NOT DISTINCT FROM lower(route.location)
  WHERE NOT rollouts.is_canary)
SELECT rollouts.source, lower(account), lower(location), rollouts.target, rollouts.rollout_id, application,
  execution_id, root_id, coalesce(lower(cluster), ''), action, epoch_us(accepted_at), epoch_us(first_traffic_at),
  epoch_us(full_traffic_at), revision_identity, lower(server_group), labels, coalesce(strategy = 'dark', false),
  lower(restores), steps_back
FROM production_rollouts rollouts
JOIN replayed USING (source, target)
LEFT JOIN rollout_templates templates
  ON rollouts.source = templates.source AND rollouts.rollout_id = templates.rollout_id
WHERE NOT is_canary
ORDER BY accepted_at NULLS LAST, started_at, rollouts.rollout_id
"""


class RolloutRow(NamedTuple):
    """One row of ``_EVENTS``."""

    source: str
    account: str | None
    location: str | None
    target: str
    rollout_id: str
    application: str
    execution_id: str
    root_id: str
    workload: str
    action: str
    accepted_at: int | None
    first_traffic_at: int | None
    full_traffic_at: int | None
    revision_identity: int | None
    revision: str | None
    labels: list[str] | None
    is_dark: bool
    restores: str | None
    steps_back: int | None

    def as_event(self) -> Event:
        """Return it as the replay takes it."""
        return Event(
            deployment=self.root_id,
            action=Action(self.action),
            workload=self.workload,
            at=self.accepted_at,
            first=self.first_traffic_at,
            full=self.full_traffic_at,
            template=self.revision_identity,
            revision=self.revision,
            labels=frozenset(self.labels or ()),
            is_dark=self.is_dark,
            restores=self.restores,
            steps_back=self.steps_back,
        )


class RouteRow(NamedTuple):
    """One row of ``_ROUTES``: a destination, and the stage that set its weight or its labels."""

    source: str
    account: str | None
    location: str | None
    route_id: str
    execution_id: str
    root_id: str
    applied_at: int | None
    host: str
    subset: str | None
    labels: list[str] | None
    weight: float | None


class TargetEvent(NamedTuple):
    """An event with the ids of its row."""

    event: Event
    rollout_id: str
    execution_id: str


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


_EFFECTS = """
CREATE TEMP TABLE effects AS
SELECT * REPLACE (
  make_timestamp(first_traffic_at) AS first_traffic_at, make_timestamp(full_traffic_at) AS full_traffic_at)
FROM columns
"""


def write_effects(con: Connection) -> None:
    """Create ``effects`` with the rows of ``compute_effects``."""
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that only a build need pay

    rows = compute_effects(con)
    types = [pa.int64() if name.endswith("_at") else pa.string() for name in EffectRow._fields]
    columns = zip(*rows, strict=True) if rows else [[]] * len(types)
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    con.register("columns", pa.table(arrays, list(EffectRow._fields)))
    con.execute(_EFFECTS)
    con.unregister("columns")


def compute_effects(con: Connection) -> list[EffectRow]:
    """Return one row per event of a target that is replayed, with what it put into service; times in microseconds.

    ``part`` is a word of ``Part``, ``source_rollout_id`` the rollout whose content served, null if that is not known,
    ``prepared_for`` the root of the deployment that gave it traffic, where that is another one. Steps of weights have
    rows of their own, under the id of the route.
    """
    rollouts = [RolloutRow._make(row) for row in con.execute(_EVENTS).fetchall()]
    routes = [RouteRow._make(row) for row in con.execute(_ROUTES).fetchall()]
    places = Places(rollouts, routes)
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
        brought_by = None if effect.source is None else events[effect.source].rollout_id
        yield EffectRow(
            source, each.rollout_id, target, application, each.execution_id, each.event.deployment, effect.part,
            brought_by, effect.first, effect.full, effect.prepared_for,
        )  # fmt: skip


class Places:
    """Which workloads share a target, because one host or one route leads to them (T2).

    ``routed`` are the targets that have routes.
    """

    def __init__(self, rollouts: Iterable[RolloutRow], routes: Iterable[RouteRow]) -> None:
        self.routed: set[Key] = set()
        self._groups: dict[Key, str] = {}
        self._selectors: defaultdict[tuple[Place, str, str | None], list[tuple[int, frozenset[str]]]]
        self._selectors = defaultdict(list)
        self._stages: defaultdict[tuple[Place, str], list[RouteRow]] = defaultdict(list)
        self._workloads: defaultdict[Place, defaultdict[str, set[frozenset[str]]]]
        self._workloads = defaultdict(lambda: defaultdict(set))
        self._targets: dict[tuple[Place, str], str] = {}
        for rollout in rollouts:
            self._workloads[rollout[:3]][rollout.workload].add(frozenset(rollout.labels or ()))
            self._targets[rollout[:3], rollout.workload] = rollout.target
        for route in routes:
            if route.weight is None:
                selector = route.applied_at or 0, frozenset(route.labels or ())
                self._selectors[route[:3], route.host, route.subset].append(selector)
            else:
                self._stages[route[:3], route.route_id].append(route)
        together = {
            (place, frozenset(workload for route in stage for workload in self._selected(place, route)))
            for (place, _), stage in self._stages.items()
        }
        for place, names in together:
            self._join(place, names)

    def target(self, rollout: RolloutRow) -> str:
        """Return the target of a rollout."""
        return self._groups.get((rollout.source, rollout.target), rollout.target)

    def route_events(self) -> Iterator[tuple[Key, TargetEvent]]:
        """Yield the events of the routes, each with its target; those that lead to no known workload are left out."""
        for (place, route_id), stage in self._stages.items():
            selected = [workload for route in stage for workload in self._selected(place, route)]
            if not selected:
                continue
            target = self._targets[place, selected[0]]
            first, at = stage[0], stage[0].applied_at
            destinations = tuple(
                Destination(route.host, route.subset, self._selector(place, route, at), route.weight or 0)
                for route in stage
            )
            event = Event(first.root_id, Action.ROUTE, "", at, routes=destinations)
            key = first.source, self._groups.get((first.source, target), target)
            yield key, TargetEvent(event, route_id, first.execution_id)

    def _selector(self, place: Place, route: RouteRow, at: int | None) -> frozenset[str] | None:
        """Return the labels of a subset as its destination rule had them then; the first one if it came later."""
        selectors = self._selectors.get((place, route.host, route.subset))
        if not selectors:
            return None
        return next((labels for since, labels in reversed(selectors) if at and since <= at), selectors[0][1])

    def _selected(self, place: Place, route: RouteRow) -> list[str]:
        """Return the workloads that a destination leads to."""
        workloads = self._workloads[place]
        selectors = [labels for _, labels in self._selectors.get((place, route.host, route.subset), ())]
        if selectors:
            return [name for name, of_pods in workloads.items() if _selects_any(selectors, of_pods)]
        if route.subset is None or route.subset.startswith("$"):
            return [route.host] if route.host in workloads else []
        by_convention = f"{route.host}-{route.subset}"
        if by_convention in workloads:
            return [by_convention]
        return [name for name, of_pods in workloads.items() if _has_value(of_pods, route.subset)]

    def _join(self, place: Place, workloads: frozenset[str]) -> None:
        source, targets = place[0], sorted(self._targets[place, workload] for workload in workloads)
        if not targets:
            return
        joined = {self._groups.get((source, target), target) for target in targets}
        name = min(joined)
        members = [key for key, group in self._groups.items() if key[0] == source and group in joined]
        for key in [*members, *((source, target) for target in targets)]:
            self._groups[key] = name
        self.routed = {(key[0], group) for key, group in self._groups.items()}


def _selects_any(selectors: Iterable[frozenset[str]], of_pods: Iterable[frozenset[str]]) -> bool:
    return any(selector <= labels for labels in of_pods for selector in selectors)


def _has_value(of_pods: Iterable[frozenset[str]], value: str) -> bool:
    return any(label.partition("=")[2].lower() == value for labels in of_pods for label in labels)
