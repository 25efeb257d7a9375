"""How a target divides its traffic: which content each destination of a route leads to (rule T2). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from dora.lineage.events import Destination
from dora.lineage.revisions import Content, Revision, RevisionList, revision_number

# Bounds the search for what a destination selects among thousands of versions of one workload.
_SEARCHED = 64


class Routes:
    """The destinations that are in force, and what they lead to among the revisions of each workload (``lists``).

    A version of a function is what its name meant when the route was applied; which pods a route selects changes later.
    """

    def __init__(self, lists: Mapping[str, RevisionList]) -> None:
        self._lists = lists
        self._destinations: list[tuple[Destination, Content | None]] = []

    def __bool__(self) -> bool:
        return bool(self._destinations)

    def apply(self, destinations: Sequence[Destination]) -> None:
        """Let other destinations be in force."""
        self._destinations = [(destination, self._version(destination)) for destination in destinations]

    def arriving_share(self, revision: Revision) -> float:
        """Return the percentage of traffic that reaches a revision as soon as it is there."""
        return sum(
            destination.weight
            for destination, version in self._destinations
            if (self._selects(destination, revision) if version is None else version is revision.content)
        )

    def shares(self) -> dict[Content, float]:
        """Return the percentage of each content that the destinations lead to now."""
        shares: dict[Content, float] = {}
        for destination, version in self._destinations:
            content = version or self._newest_selected(destination)
            if content is not None:
                shares[content] = shares.get(content, 0) + destination.weight
        return shares

    def _version(self, destination: Destination) -> Content | None:
        """Return the version of a function that a destination names."""
        subset, revisions = destination.subset or "", self._lists.get(destination.host)
        if destination.labels is not None or revisions is None:
            return None
        if not subset.startswith("$") and revision_number(subset) is None:
            return None
        revision = revisions.find(subset, None)
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
