"""What each target serves: its events in order in, what every event put into service out. Pure.

What is dark waits in the list of its workload until an execution, whichever it is, enables it or gives it traffic.
Rules T2-T5, C8 and D3 of ``docs/what-serves.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from dora.lineage.events import Action, Destination, Effect, Event, Part
from dora.lineage.revisions import Revision, RevisionList

# Bounds the search for what a destination selects among thousands of versions of one workload.
_SEARCHED = 64


class Target:
    """The workloads that share the traffic of one place, and what they serve.

    ``is_routed``: a manifest or stage divides its traffic, at any time in its history.
    """

    def __init__(self, *, is_routed: bool) -> None:
        self._is_routed = is_routed
        self._current: Revision | None = None  # what serves in full
        self._enabled: dict[Revision, None] = {}  # what runs with traffic, the last one enabled at the end
        self._partial: dict[Revision, None] = {}  # what has a part of the traffic and never had it all
        self._lists: defaultdict[str, RevisionList] = defaultdict(RevisionList)
        self._routes: tuple[Destination, ...] = ()
        self._effects: list[Effect] = []
        self._events: Sequence[Event] = ()

    def replay(self, events: Sequence[Event]) -> list[Effect]:
        """Return the effect of each event; ``events`` are in the order in which the cluster accepted them."""
        self._events = events
        for number, event in enumerate(events):
            effect = Effect(_PARTS[event.action], number)
            self._effects.append(effect)
            if event.at is not None:
                _APPLY[event.action](self, number, event, effect)
            elif event.action not in (Action.DEPLOY, Action.RESTART, Action.SCALE):
                effect.source = None  # what was refused makes no revision and takes no traffic
        for revision in self._partial:
            if self._routes and revision.prepared_by:
                self._effects[revision.prepared_by[-1]].part = Part.RISING
        return self._effects

    def _deploy(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        before, revision = revisions.last, revisions.add(event, number)
        weight = self._arriving_weight(event, revision)
        if weight == 0:
            effect.part = Part.DARK
            revision.prepared_by.append(number)
            return
        if not revisions.is_versioned and before is not None:
            self._enabled.pop(before, None)
        effect.first, effect.full = event.first, event.full if weight >= 100 else None
        self._serve(revision, effect)

    def _arriving_weight(self, event: Event, revision: Revision) -> float:
        """Return the share of traffic that reaches a revision as soon as it is there (T4)."""
        if event.is_dark:
            return 0
        if self._routes:
            return sum(route.weight for route in self._routes if _selects(route, revision, self._lists))
        current = self._current
        is_beside = self._is_routed and current is not None and current.workload != revision.workload
        return 0 if is_beside else 100

    def _roll_back(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        revision = revisions.find(event.restores, event.steps_back)
        effect.source, effect.first, effect.full = None, event.first, event.full
        if revision is None:
            return
        effect.source = revision.source
        revisions.restore(revision)
        if self._arriving_weight(event, revision) == 0:
            effect.part, effect.first, effect.full = Part.DARK, None, None
        else:
            self._serve(revision, effect)

    def _restart(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        last, revision = revisions.last, revisions.add_restart(event)
        effect.source = revision.source if revision else None
        effect.first, effect.full = event.first, event.full
        if revision is not None and last is self._current:
            self._current = revision

    def _scale(self, number: int, event: Event, effect: Effect) -> None:
        revision = self._named(event)
        effect.source = revision.source if revision else None
        effect.first, effect.full = event.first, event.full
        if event.revision is not None and revision is not None and revision is not self._current:
            effect.part, effect.first, effect.full = Part.CLEAN_UP, None, None

    def _enable(self, number: int, event: Event, effect: Effect) -> None:
        revision = self._named(event)
        effect.source = revision.source if revision else None
        effect.first, effect.full = event.first, event.full
        if revision is None:
            return
        if revision is self._current and revision in self._enabled:
            effect.part = Part.RESTART
            return
        self._complete(number, revision)
        self._serve(revision, effect)

    def _disable(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        if revisions.is_versioned and event.revision is None and event.steps_back is None:
            retired = [each for each in self._enabled if each.workload == event.workload and each is not revisions.last]
        else:
            retired = [revision for revision in [self._named(event)] if revision]
        self._retire(event, effect, retired)

    def _delete(self, number: int, event: Event, effect: Effect) -> None:
        revisions, revision = self._lists[event.workload], self._named(event)
        retired = [revision] if event.revision and revision else [] if event.revision else list(revisions)
        for each in retired:
            revisions.remove(each)
        self._retire(event, effect, retired)

    def _retire(self, event: Event, effect: Effect, retired: Sequence[Revision]) -> None:
        """Let the last enabled revision serve if what served was retired; otherwise this cleans up (D3).

        To retire what has taken a part of the traffic takes that part back.
        """
        effect.part, effect.source = Part.CLEAN_UP, None
        for revision in retired:
            self._enabled.pop(revision, None)
        if self._current in retired:
            serving = next((each for each in reversed(self._enabled) if each.served_in_full), None)
            part = Part.SWITCH
        else:
            serving = self._current if any(each in self._partial for each in retired) else None
            part = Part.UNDO
        if serving is not None:
            effect.part, effect.source, effect.first, effect.full = part, serving.source, event.at, event.at
            self._serve(serving, effect)

    def _route(self, number: int, event: Event, effect: Effect) -> None:
        before, shares = self._shares(self._routes), self._shares(event.routes)
        self._routes = event.routes
        effect.part, effect.source = Part.CLEAN_UP, None
        for revision, share in shares.items():
            if 0 < share < 100 and share > before.get(revision, 0) and revision is not self._current:
                self._raise(number, event, effect, revision)
        full = next((revision for revision, share in shares.items() if share >= 100), None)
        if full is None:
            return
        if full is not self._current:
            effect.part, effect.source, effect.first, effect.full = Part.SWITCH, full.source, full.first, event.at
            effect.first = full.first or event.at
            self._complete(number, full)
            self._serve(full, effect)
        elif self._partial:
            effect.part, effect.source, effect.first, effect.full = Part.UNDO, full.source, event.at, event.at
            self._serve(full, effect)

    def _raise(self, number: int, event: Event, effect: Effect, revision: Revision) -> None:
        """Give a revision a part of the traffic."""
        effect.first = revision.first or event.at
        effect.part, effect.source = Part.SWITCH, revision.source
        self._complete(number, revision)
        revision.prepared_by.append(number)
        self._serve(revision, effect)

    def _shares(self, routes: Iterable[Destination]) -> dict[Revision, float]:
        """Return the share of each revision that the destinations select."""
        shares: dict[Revision, float] = {}
        for route in routes:
            if route.subset is not None and route.subset.startswith("$"):
                revision = self._lists[route.host].find(route.subset, None)
            else:
                revision = self._newest_selected(route)
            if revision is not None:
                shares[revision] = shares.get(revision, 0) + route.weight
        return shares

    def _newest_selected(self, route: Destination) -> Revision | None:
        newest = None
        for revisions in self._lists.values():
            running = islice(revisions, _SEARCHED if revisions.is_versioned else 1)
            revision = next((each for each in running if _selects(route, each, self._lists)), None)
            if revision is not None and (newest is None or revision.source > newest.source):
                newest = revision
        return newest

    def _complete(self, number: int, revision: Revision) -> None:
        """Count the events that prepared a revision with the one that gives it traffic now (D3)."""
        deployment = self._events[number].deployment
        for earlier in [] if revision.served_in_full else dict.fromkeys([revision.source, *revision.prepared_by]):
            effect = self._effects[earlier]
            effect.first = effect.full = None
            if self._events[earlier].deployment == deployment:
                effect.part = Part.STEP
            else:
                effect.part, effect.prepared_for = Part.PREPARED, deployment

    def _serve(self, revision: Revision, effect: Effect) -> None:
        self._enabled.pop(revision, None)
        self._enabled[revision] = None
        if effect.full is not None:
            self._current, revision.served_in_full = revision, True
            for each in self._partial:  # what had a part of the traffic has none now
                each.first, each.prepared_by = None, []
            self._partial = {}
        elif effect.first is not None and revision is not self._current and not revision.served_in_full:
            revision.first = effect.first
            self._partial[revision] = None

    def _named(self, event: Event) -> Revision | None:
        revisions = self._lists[event.workload]
        return revisions.find(event.restores or event.revision, event.steps_back)


def _selects(route: Destination, revision: Revision, lists: dict[str, RevisionList]) -> bool:
    """Tell whether a destination leads to a revision (T2)."""
    if route.labels is not None:
        return route.labels <= revision.labels
    if route.subset is None or route.subset.startswith("$"):
        return route.host in (revision.workload, revision.name)
    by_convention = f"{route.host}-{route.subset}"
    if by_convention in (revision.workload, revision.name):
        return True
    # Without a destination rule and without such a workload, a label with the name of the subset is the best clue.
    return by_convention not in lists and any(label.partition("=")[2] == route.subset for label in revision.labels)


_PARTS = {
    Action.DEPLOY: Part.DEPLOY,
    Action.ROLLBACK: Part.UNDO,
    Action.RESTART: Part.RESTART,
    Action.SCALE: Part.RESTART,
    Action.ENABLE: Part.SWITCH,
    Action.DISABLE: Part.CLEAN_UP,
    Action.DELETE: Part.CLEAN_UP,
    Action.ROUTE: Part.SWITCH,
}
_APPLY: dict[Action, Callable[[Target, int, Event, Effect], None]] = {
    Action.DEPLOY: Target._deploy,
    Action.ROLLBACK: Target._roll_back,
    Action.RESTART: Target._restart,
    Action.SCALE: Target._scale,
    Action.ENABLE: Target._enable,
    Action.DISABLE: Target._disable,
    Action.DELETE: Target._delete,
    Action.ROUTE: Target._route,
}
