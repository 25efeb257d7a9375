"""The revisions of one workload, as Kubernetes and Spinnaker keep them (rule C8). Pure.

Each accepted apply that changes the pod template makes one, whether or not it became ready; content that returns moves
to the end. So "two back" counts from the last one accepted, and "revision 3" is a number that Kubernetes gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dora.targets.events import Event

OLDEST = "oldest"


class Content:
    """What revisions run; a restart makes another revision of the same content.

    ``source`` is the number of the event that deployed it. ``dark_events`` deployed it without traffic, and the event
    ``enabled_by`` was the last to give it traffic, as long as it did not serve in full. ``weight_events`` gave it the
    part of the traffic that it has, and ``first`` is when it got that. It waits for a promotion at the first percentage
    of ``pauses``. ``revision`` is its last one.
    """

    __slots__ = (
        "dark_events",
        "enabled_by",
        "first",
        "pauses",
        "revision",
        "served_in_full",
        "source",
        "weight_events",
        "workload",
    )

    def __init__(self, workload: str, source: int) -> None:
        self.workload, self.source = workload, source
        self.served_in_full = False
        self.dark_events: list[int] = []
        self.enabled_by: int | None = None
        self.weight_events: list[int] = []
        self.first: int | None = None
        self.pauses: tuple[float, ...] = ()
        self.revision: Revision | None = None


class Revision:
    """One entry of the list, between the one before and the one after it."""

    __slots__ = ("after", "before", "content", "is_listed", "labels", "name", "number", "template")

    def __init__(self, event: Event, content: Content) -> None:
        self.name, self.template, self.labels, self.content = event.revision, event.template, event.labels, content
        self.number = 0
        self.is_listed = False
        self.before: Revision | None = None
        self.after: Revision | None = None


class RevisionList:
    """The revisions of one workload in order; the last one is the newest.

    ``is_versioned``: Spinnaker gives each revision a name of its own (``shop-v003``), and several can run side by side.
    ``pauses`` are the percentages at which an update waits; ``is_aborted``: the newest revision is back after an abort.
    """

    # A linked list: any revision can be removed, and its neighbours found, in the same time however many there are.
    def __init__(self) -> None:
        self.is_versioned = False
        self.is_aborted = False
        self.pauses: tuple[float, ...] = ()
        self.oldest: Revision | None = None
        self.last: Revision | None = None
        self._by_name: dict[str, Revision] = {}
        self._by_template: dict[object, Revision] = {}
        self._by_number: dict[int, Revision] = {}

    def __iter__(self) -> Iterator[Revision]:
        """Iterate from the newest revision to the oldest."""
        revision = self.last
        while revision is not None:
            yield revision
            revision = revision.before

    def add(self, event: Event, source: int) -> Revision:
        """Return the revision that a deploy makes, or the one that it applies again, as the last of the list."""
        self.is_aborted = False
        name, count = event.revision, revision_number(event.revision)
        if name is not None and count is None:
            self.is_versioned = True
            revision = self._by_name.get(name)
        else:
            revision = None if event.template is None else self._by_template.get(event.template)
        if revision is None or not revision.is_listed:
            revision = Revision(event, Content(event.workload, source))
        self._move_to_end(revision, count)
        return revision

    def add_restart(self, event: Event) -> Revision | None:
        """Return the revision that a restart makes of the last one: the same content under a number of its own."""
        last = self.last
        if last is None or self.is_versioned:
            return last
        revision = Revision(event, last.content)
        revision.labels, revision.template = last.labels, None
        self._move_to_end(revision, None)
        return revision

    def restore(self, revision: Revision) -> None:
        """Make a revision the last one: Kubernetes gives what it rolls back to a new number."""
        if not self.is_versioned:
            self._move_to_end(revision, None)

    def remove(self, revision: Revision) -> None:
        """Forget a revision that was deleted."""
        before, after = revision.before, revision.after
        if before is None:
            self.oldest = after
        else:
            before.after = after
        if after is None:
            self.last = before
        else:
            after.before = before
        revision.is_listed, revision.before, revision.after = False, None, None

    def find(self, name: str | None, steps_back: int | None) -> Revision | None:
        """Return a revision by its name or number, else the one so many steps before the last."""
        if name is None:
            return next(islice(self, steps_back or 0, None), None)
        if name == OLDEST:
            return self.oldest
        count = revision_number(name)
        revision = self._by_name.get(name) if count is None else self._by_number.get(count)
        return revision if revision and revision.is_listed else None

    def _move_to_end(self, revision: Revision, count: int | None) -> None:
        if revision is self.last:
            return
        if revision.is_listed:
            self.remove(revision)
        revision.content.revision = revision
        last, self.last = self.last, revision
        if last is None:
            self.oldest = revision
        else:
            last.after, revision.before = revision, last
        revision.is_listed = True
        revision.number = count or (last.number + 1 if last else 1)
        self._by_number[revision.number] = revision
        if revision.template is not None:
            self._by_template[revision.template] = revision
        if revision.name is not None:
            self._by_name[revision.name] = revision


def revision_number(name: str | None) -> int | None:
    """Return the number that Kubernetes gave a revision; null for a versioned name."""
    return int(name) if name and name.isdecimal() and len(name) < 10 else None
