"""How a target divides its traffic: which content each destination of a route leads to (rule T2). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from dora.targets.events import Destination, Effect, Event, Part
from dora.targets.preparations import Preparations
from dora.targets.revisions import Content, Revision, RevisionList
from dora.targets.traffic import Traffic

# Bounds the search for what a destination selects among thousands of versions of one workload.
_SEARCHED = 64
# The versions of a function that have no number, as places in its list.
_STEPS_BACK = {"latest": 0, "previous": 1}


class Routes:
    """The destinations that are in force, and what they lead to among the revisions of each workload (``lists``).

    ``is_routed``: there are routes, now or at another time. A version of a function is what its name meant when the
    route was applied; which pods a route selects changes later.
    """

    def __init__(self, lists: Mapping[str, RevisionList], *, is_routed: bool) -> None:
        self._lists, self._is_routed = lists, is_routed
        self._destinations: list[tuple[Destination, Content | None]] = []

    def __bool__(self) -> bool:
        return bool(self._destinations)

    def _apply(self, destinations: Sequence[Destination]) -> None:
        self._destinations = [(destination, self._version(destination)) for destination in destinations]

    def arriving_share(self, revision: Revision, current: Content | None) -> float:
        """Return the percentage of traffic that reaches a revision as soon as it is there, beside what serves (T4)."""
        if not self._destinations:
            is_beside = current is not None and current.workload != revision.content.workload
            return 0 if self._is_routed and is_beside else 100
        return sum(
            destination.weight
            for destination, version in self._destinations
            if (self._selects(destination, revision) if version is None else version is revision.content)
        )

    def shift(self, number: int, event: Event, effect: Effect, traffic: Traffic, preparations: Preparations) -> None:
        """Let the destinations of an event be in force, and move the traffic to what they lead to."""
        before = self._shares()
        self._apply(event.routes)
        shares = self._shares()
        effect.part, effect.source = Part.CLEAN_UP, None
        without_part = [content for content in traffic.partial if not content.pauses and not shares.get(content)]
        risen = [
            content
            for content, share in shares.items()
            if before.get(content, 0) < share < 100 and content is not traffic.current
        ]
        for content in risen[-1:]:
            effect.part, effect.source, effect.first = Part.SWITCH, content.source, event.at
            preparations.complete(number, content, effect)
            preparations.add_step(content, number, effect)
        for content in risen:
            traffic.serve(content, in_full=False)
        full = next((content for content, share in shares.items() if share >= 100), None)
        # What had all the weight and never became stable has no more than before.
        is_unstable = full is not None and full in traffic.partial and before.get(full, 0) >= 100
        if full is not None and not is_unstable and (full is not traffic.current or traffic.partial):
            effect.part = Part.UNDO if full is traffic.current else Part.SWITCH
            effect.source, effect.first, effect.full = full.source, event.at, event.at
            preparations.complete(number, full, effect)
            traffic.serve(full, in_full=True)
        for content in without_part:
            traffic.lose_part(content)

    def _shares(self) -> dict[Content, float]:
        """Return the percentage of each content that is led to now; what waits for a promotion has none here."""
        shares: dict[Content, float] = {}
        for destination, version in self._destinations:
            content = version or self._newest_selected(destination)
            if content is not None and not content.pauses:
                shares[content] = shares.get(content, 0) + destination.weight
        return shares

    def _version(self, destination: Destination) -> Content | None:
        """Return the version of a function that a destination names; null for other destinations."""
        revisions = self._lists.get(destination.host) if destination.is_version else None
        if revisions is None:
            return None
        version = destination.subset
        steps = _STEPS_BACK.get(version or "")
        revision = revisions.find(version, None) if steps is None else revisions.find(None, steps)
        return revision.content if revision else None

    def _newest_selected(self, destination: Destination) -> Content | None:
        newest: Content | None = None
        for revisions in self._lists.values():
            running = islice(revisions, _SEARCHED if revisions.is_versioned else 1)
            revision = next((each for each in running if self._selects(destination, each)), None)
            if revision is not None and (newest is None or revision.content.source > newest.source):
                newest = revision.content
        return newest

    def _selects(self, destination: Destination, revision: Revision) -> bool:
        """Tell whether a destination leads to a revision."""
        names = revision.content.workload, revision.name
        if destination.labels is not None:
            return destination.labels <= revision.labels
        if destination.subset is None:
            return destination.host in names
        by_convention = f"{destination.host}-{destination.subset}"
        if by_convention in names:
            return True
        # Without a destination rule and without such a workload, a label with the name of the subset is the best clue.
        values = (label.partition("=")[2].lower() for label in revision.labels)
        return by_convention not in self._lists and destination.subset in values
