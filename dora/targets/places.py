"""Which workloads share a target: those to which one host or one route leads (T2). Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from dora.targets.events import Action, Destination, Event

Place = tuple[str, str | None, str | None]  # source, account, location
Key = tuple[str, str]  # source, target
ACTIONS = {str(action): action for action in Action}  # a tenth of the time that Action(text) needs
NO_LABELS: frozenset[str] = frozenset()
Workloads = defaultdict[Place, defaultdict[str, set[frozenset[str]]]]  # the labels of the pods of each workload


class RolloutRow(NamedTuple):
    """One row of ``target_events.sql``."""

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
    pause_weights: list[float] | None
    is_aborted: bool
    stopper: str | None
    workload_kind: str | None
    services: list[str] | None

    def as_event(self) -> Event:
        """Return it as the replay takes it."""
        return Event(
            deployment=self.root_id,
            action=ACTIONS[self.action],
            workload=self.workload,
            at=self.accepted_at,
            first=self.first_traffic_at,
            full=self.full_traffic_at,
            template=self.revision_identity,
            revision=self.revision,
            labels=frozenset(self.labels) if self.labels else NO_LABELS,
            is_dark=self.is_dark,
            restores=self.restores,
            steps_back=self.steps_back,
            pauses=None if self.pause_weights is None else tuple(self.pause_weights),
            is_aborted=self.is_aborted,
            stopper=self.stopper,
        )


class RouteRow(NamedTuple):
    """One row of ``routes.sql``: a destination, and the stage that set its weight or its labels."""

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
    is_version: bool


class TargetEvent(NamedTuple):
    """An event with the ids of its row."""

    event: Event
    rollout_id: str
    execution_id: str


class RoutedWorkloads(NamedTuple):
    """The workloads of a place to which the routes of one stage lead; ``canaries`` only serve a canary analysis."""

    place: Place
    execution_id: str
    workloads: set[str]
    canaries: set[str]


class Places:
    """Which workloads share a target, because one host or one route leads to them (T2).

    ``routed`` are the targets that have routes.
    """

    def __init__(self, rollouts: Iterable[RolloutRow], routes: Iterable[RouteRow]) -> None:
        self._groups: dict[Key, str] = {}
        self._members: dict[Key, list[str]] = {}  # the targets of each group
        self._selections: dict[tuple[Place, str, str | None], list[str]] = {}
        self._selectors: defaultdict[tuple[Place, str, str | None], list[tuple[int, frozenset[str]]]]
        self._selectors = defaultdict(list)
        self._stages: dict[tuple[Place, str], list[RouteRow]] = {}
        self._workloads: Workloads = defaultdict(lambda: defaultdict(set))
        self._targets: dict[tuple[Place, str], str] = {}
        self._services: dict[tuple[Place, str], str] = {}
        self._progressive: set[tuple[Place, str]] = set()  # what divides its traffic itself: Rollouts of Argo
        for rollout in rollouts:
            self._add_workload(rollout)
        for route in routes:
            if route.weight is not None:
                self._stages.setdefault((route[:3], route.route_id), []).append(route)
            elif route.applied_at is not None:
                selector = route.applied_at, frozenset(route.labels or ())
                self._selectors[route[:3], route.host, route.subset].append(selector)
        for selectors in self._selectors.values():
            selectors.sort(key=lambda selector: selector[0])
        self._all_stages = self._stages
        self._stages = {key: stage for key, stage in self._stages.items() if not self._is_inside(key[0], stage)}
        together = {
            (place, frozenset(workload for route in stage for workload in self._selected(place, route)))
            for (place, _), stage in self._stages.items()
        }
        for place, names in together:
            self._join(place, names)
        self.routed = {(key[0], group) for key, group in self._groups.items()}

    def target(self, rollout: RolloutRow) -> str:
        """Return the target of a rollout."""
        return self._groups.get((rollout.source, rollout.target), rollout.target)

    def routed_workloads(self, canaries: Mapping[Place, dict[str, set[frozenset[str]]]]) -> Iterator[RoutedWorkloads]:
        """Yield what each stage with routes leads to, also to workloads that only serve a canary analysis."""
        for (place, _), stage in self._all_stages.items():
            workloads = {workload for route in stage for workload in self._selected(place, route)}
            others = {
                workload
                for route in stage
                if not self._selected(place, route)
                for workload in self._search_workloads(place, route, canaries.get(place, {}))
            }
            yield RoutedWorkloads(place, stage[0].execution_id, workloads, others)

    def route_events(self) -> Iterator[tuple[Key, TargetEvent]]:
        """Yield the events of the routes, each with its target; those that lead to no known workload are left out."""
        for (place, route_id), stage in self._stages.items():
            selected = [workload for route in stage for workload in self._selected(place, route)]
            if not selected:
                continue
            target = self._targets[place, selected[0]]
            first, at = stage[0], stage[0].applied_at
            destinations = tuple(
                Destination(
                    route.host, route.subset, self._selector(place, route, at), route.weight or 0, route.is_version
                )
                for route in stage
            )
            event = Event(first.root_id, Action.ROUTE, "", at, routes=destinations)
            key = first.source, self._groups.get((first.source, target), target)
            yield key, TargetEvent(event, route_id, first.execution_id)

    def unknown_destinations(
        self, others: Iterable[tuple[str, str | None, str | None, str, list[str] | None]]
    ) -> list[RouteRow]:
        """Return the destinations with traffic that lead to no known workload, nor to one of ``others``.

        ``others`` are source, account, location, workload and labels of what is no target.
        """
        workloads: Workloads = defaultdict(lambda: defaultdict(set))
        for source, account, location, workload, labels in others:
            workloads[source, account, location][workload].add(frozenset(labels or ()))
        return [
            route
            for (place, _), stage in self._stages.items()
            for route in stage
            if route.weight and route.applied_at is not None
            if not self._selected(place, route) and not self._search_workloads(place, route, workloads[place])
        ]

    def _add_workload(self, rollout: RolloutRow) -> None:
        place, workload = rollout[:3], rollout.workload
        self._workloads[place][workload].add(frozenset(rollout.labels or ()))
        self._targets[place, workload] = rollout.target
        if rollout.workload_kind == "rollout":
            self._progressive.add((place, workload))
            self._services |= {(place, service): workload for service in rollout.services or ()}

    def _is_inside(self, place: Place, stage: list[RouteRow]) -> bool:
        """Tell whether a route only leads to one Rollout: within that Argo sets the weights."""
        selections = [self._selected(place, route) for route in stage]
        workloads = {workload for selection in selections for workload in selection}
        return len(workloads) == 1 and all(selections) and (place, *workloads) in self._progressive

    def _selector(self, place: Place, route: RouteRow, at: int | None) -> frozenset[str] | None:
        """Return the labels of a subset as its destination rule had them then; the first one if it came later."""
        selectors = self._selectors.get((place, route.host, route.subset))
        if not selectors:
            return None
        later = bisect_right(selectors, at or 0, key=lambda selector: selector[0])
        return selectors[max(later - 1, 0)][1]

    def _selected(self, place: Place, route: RouteRow) -> list[str]:
        """Return the workloads that a destination leads to, at any time."""
        key = place, route.host, route.subset
        if key not in self._selections:
            self._selections[key] = self._search_workloads(place, route, self._workloads[place])
        return self._selections[key]

    def _search_workloads(
        self, place: Place, route: RouteRow, workloads: Mapping[str, set[frozenset[str]]]
    ) -> list[str]:
        selectors = [labels for _, labels in self._selectors.get((place, route.host, route.subset), ())]
        if selectors:
            return [name for name, of_pods in workloads.items() if _selects_any(selectors, of_pods)]
        host = self._services.get((place, route.host), route.host)
        if route.subset is None or route.is_version:
            return [host] if host in workloads else []
        by_convention = f"{route.host}-{route.subset}"
        if by_convention in workloads:
            return [by_convention]
        return [name for name, of_pods in workloads.items() if _has_value(of_pods, route.subset)]

    def _join(self, place: Place, workloads: frozenset[str]) -> None:
        source, targets = place[0], sorted(self._targets[place, workload] for workload in workloads)
        if not targets:
            return
        joined = {self._groups.get((source, target), target) for target in targets}
        members = [member for group in joined for member in self._members.pop((source, group), [group])]
        self._members[source, min(joined)] = members
        for target in members:
            self._groups[source, target] = min(joined)


def _selects_any(selectors: Iterable[frozenset[str]], of_pods: Iterable[frozenset[str]]) -> bool:
    return any(selector <= labels for labels in of_pods for selector in selectors)


def _has_value(of_pods: Iterable[frozenset[str]], value: str) -> bool:
    return any(label.partition("=")[2].lower() == value for labels in of_pods for label in labels)
