"""The revisions of one workload, as Kubernetes and Spinnaker keep them (rule C8). Pure.

Each accepted apply that changes the pod template makes one, whether or not it became ready; content that returns moves
to the end. So "two back" counts from the last one accepted, and "revision 3" is a number that Kubernetes gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dora.lineage.events import Event

OLDEST = "oldest"
# Lambda's words for the versions of a function, as places in the list.
_RELATIVE = {"$LATEST": 0, "$PREVIOUS": 1}


class Revision:
    """One entry of the list. ``source`` is the number of the event that brought its content."""

    __slots__ = ("first", "labels", "name", "number", "prepared_by", "served_in_full", "source", "template", "workload")

    def __init__(self, event: Event, source: int, number: int) -> None:
        self.workload, self.name, self.number = event.workload, event.revision, number
        self.template, self.labels, self.source = event.template, event.labels, source
        self.served_in_full = False
        self.first: int | None = None  # its first traffic, as long as it has a part only
        self.prepared_by: list[int] = []  # events that deployed it dark or gave it that part


class RevisionList:
    """The revisions of one workload in order; the last one is the newest.

    ``is_versioned``: Spinnaker gives each revision a name of its own (``shop-v003``), and several can run side by side.
    """

    def __init__(self) -> None:
        self.is_versioned = False
        self._order: dict[Revision, None] = {}
        self._by_name: dict[str, Revision] = {}
        self._by_template: dict[object, Revision] = {}
        self._by_number: dict[int, Revision] = {}

    def __iter__(self) -> Iterator[Revision]:
        return reversed(self._order)

    @property
    def last(self) -> Revision | None:
        """The newest revision."""
        return next(iter(self), None)

    def add(self, event: Event, source: int) -> Revision:
        """Return the revision that a deploy makes, or the one that it applies again, as the last of the list."""
        name, count = event.revision, revision_number(event.revision)
        if name is not None and count is None:
            self.is_versioned = True
            revision = self._by_name.get(name)
        else:
            revision = None if event.template is None else self._by_template.get(event.template)
        if revision is None or revision not in self._order:
            revision = Revision(event, source, 0)
        elif revision is self.last:
            return revision
        self._append(revision, count)
        return revision

    def add_restart(self, event: Event) -> Revision | None:
        """Return the revision that a restart makes of the last one: the same content under a number of its own."""
        last = self.last
        if last is None or self.is_versioned:
            return last
        revision = Revision(event, last.source, 0)
        revision.labels, revision.template, revision.served_in_full = last.labels, None, last.served_in_full
        self._append(revision, None)
        return revision

    def restore(self, revision: Revision) -> None:
        """Make a revision the last one: Kubernetes gives what it rolls back to a new number."""
        if not self.is_versioned and revision is not self.last:
            self._append(revision, None)

    def remove(self, revision: Revision) -> None:
        """Forget a revision that was deleted."""
        self._order.pop(revision, None)

    def find(self, name: str | None, steps_back: int | None) -> Revision | None:
        """Return a revision by its name or number, else the one so many steps before the last."""
        if name is None or name in _RELATIVE:
            steps = _RELATIVE[name] if name else steps_back or 0
            return next(islice(self, steps, None), None)
        if name in (OLDEST, "$OLDEST"):
            return next(iter(self._order), None)
        count = revision_number(name)
        revision = self._by_name.get(name) if count is None else self._by_number.get(count)
        return revision if revision in self._order else None

    def _append(self, revision: Revision, count: int | None) -> None:
        last = self.last
        self._order.pop(revision, None)
        self._order[revision] = None
        revision.number = count or (last.number + 1 if last else 1)
        self._by_number[revision.number] = revision
        if revision.template is not None:
            self._by_template[revision.template] = revision
        if revision.name is not None:
            self._by_name[revision.name] = revision


def revision_number(name: str | None) -> int | None:
    """Return the number that Kubernetes gave a revision; null for a versioned name."""
    return int(name) if name and name.isdecimal() and len(name) < 10 else None
