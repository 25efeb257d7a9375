"""What each target serves: its events in order in, what every event put into service out. Pure.

What is dark waits in the list of its workload until an execution, whichever it is, enables it or gives it traffic.
Rules T2-T5, C8 and D3 of ``docs/what-serves.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from dora.lineage.events import Action, Effect, Event, Part
from dora.lineage.revisions import STABLE, Content, Revision, RevisionList
from dora.lineage.routes import Routes


class Target:
    """The workloads that share the traffic of one place, and what they serve.

    ``is_routed``: a manifest or stage divides its traffic, at any time in its history.
    """

    def __init__(self, *, is_routed: bool) -> None:
        self._is_routed = is_routed
        self._current: Content | None = None  # what serves in full
        self._running: defaultdict[str, dict[Content, None]] = defaultdict(dict)  # what has traffic, by workload
        self._turns: list[Content] = []  # what got traffic, in order; what has stopped since leaves it when it is read
        self._partial: dict[Content, None] = {}  # what has a part of the traffic
        self._contents: list[Content] = []
        self._lists: defaultdict[str, RevisionList] = defaultdict(RevisionList)
        self._routes = Routes(self._lists)
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
        self._count_preparations()
        return self._effects

    def _deploy(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        revision = revisions.add(event, number)
        content = revision.content
        if content.source == number:
            self._contents.append(content)
        content.pauses = event.pauses if self._is_update(content) else ()
        weight = content.pauses[0] if content.pauses else self._arriving_weight(event, revision)
        if not revisions.is_versioned:
            self._replace(content)
        if weight == 0:
            effect.part = Part.DARK
            if not content.served_in_full:
                content.dark_events.append(number)
            return
        effect.first, effect.full = event.first, event.full if weight >= 100 else None
        if weight < 100 and content is not self._current:
            self._add_step(content, number, effect)
        self._serve(content, effect)

    def _is_update(self, content: Content) -> bool:
        """Tell whether content takes the place of other content; the first of a workload pauses nowhere."""
        current = self._current
        return current is not None and current is not content and current.workload == content.workload

    def _arriving_weight(self, event: Event, revision: Revision) -> float:
        """Return the share of traffic that reaches a revision as soon as it is there (T4)."""
        if event.is_dark:
            return 0
        if self._routes:
            return self._routes.arriving_share(revision)
        current, workload = self._current, revision.content.workload
        return 0 if self._is_routed and current is not None and current.workload != workload else 100

    def _roll_back(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        newest = revisions.last.content if revisions.last else None
        if event.restores == STABLE and newest is not None and newest is not self._current:
            self._retire(event, effect, [newest])  # an abort before full traffic
            return
        revision = revisions.find(event.restores, event.steps_back)
        effect.source, effect.first, effect.full = None, event.first, event.full
        if revision is None:
            return
        effect.source, revision.content.pauses = revision.content.source, ()
        revisions.restore(revision)
        weight = self._arriving_weight(event, revision)
        self._replace(revision.content)
        if weight == 0:
            effect.part, effect.first, effect.full = Part.DARK, None, None
            return
        if weight < 100:
            effect.full = None
        self._serve(revision.content, effect)

    def _restart(self, number: int, event: Event, effect: Effect) -> None:
        revision = self._lists[event.workload].add_restart(event)
        effect.source = revision.content.source if revision else None
        effect.first, effect.full = event.first, event.full

    def _scale(self, number: int, event: Event, effect: Effect) -> None:
        content = self._content_of(event)
        effect.source = content.source if content else None
        effect.first, effect.full = event.first, event.full
        if _names_revision(event) and content is not None and content is not self._current:
            effect.part, effect.first, effect.full = Part.CLEAN_UP, None, None

    def _enable(self, number: int, event: Event, effect: Effect) -> None:
        content = self._content_of(event)
        effect.source = content.source if content else None
        effect.first, effect.full = event.first, event.full
        if content is None:
            return
        if content is self._current:
            effect.part = Part.RESTART
            return
        content.pauses = content.pauses[1:] if event.is_step else ()
        if content.pauses:
            effect.full = None
            if content.pauses[0] == 0:
                effect.part, effect.first = Part.DARK, None
                content.dark_events.append(number)  # without traffic as before
                return
        self._complete(number, content, effect)
        if content.pauses:
            self._add_step(content, number, effect)
        self._serve(content, effect)

    def _disable(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        if revisions.is_versioned and not _names_revision(event):
            retired = self._others_running(event.workload, revisions.last.content if revisions.last else None)
        else:
            retired = [content for content in [self._content_of(event)] if content]
        self._retire(event, effect, retired)

    def _delete(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        if _names_revision(event):
            deleted = [revision for revision in [self._find(event)] if revision]
        else:
            deleted = list(revisions)
        for revision in deleted:
            revisions.remove(revision)
        self._retire(event, effect, [revision.content for revision in deleted])

    def _retire(self, event: Event, effect: Effect, retired: Sequence[Content]) -> None:
        """Let the last one that runs serve if what served was retired; otherwise this cleans up (D3).

        To retire what has taken a part of the traffic takes that part back.
        """
        effect.part, effect.source = Part.CLEAN_UP, None
        had_part = any(content in self._partial for content in retired)
        for content in retired:
            self._stop(content)
        if self._current in retired:
            self._current = self._last_running()
            if self._current is not None:
                effect.part, effect.source = Part.SWITCH, self._current.source
                effect.first = effect.full = event.at
                self._serve(self._current, effect)
        elif had_part and self._current is not None:
            effect.part, effect.source, effect.first, effect.full = Part.UNDO, self._current.source, event.at, event.at

    def _last_running(self) -> Content | None:
        while self._turns:
            content = self._turns[-1]
            if content.served_in_full and content in self._running[content.workload]:
                return content
            self._turns.pop()
        return None

    def _route(self, number: int, event: Event, effect: Effect) -> None:
        before = self._shares()
        self._routes.apply(event.routes)
        shares = self._shares()
        effect.part, effect.source = Part.CLEAN_UP, None
        without_part = [content for content in self._partial if not content.pauses and not shares.get(content)]
        risen = [
            content
            for content, share in shares.items()
            if before.get(content, 0) < share < 100 and content is not self._current
        ]
        for content in risen[-1:]:
            effect.part, effect.source, effect.first = Part.SWITCH, content.source, event.at
            self._complete(number, content, effect)
            self._add_step(content, number, effect)
        for content in risen:
            self._serve(content, effect)
        full = next((content for content, share in shares.items() if share >= 100), None)
        # What had all the weight and never became stable has no more than before.
        is_unstable = full is not None and full in self._partial and before.get(full, 0) >= 100
        if full is not None and not is_unstable and (full is not self._current or self._partial):
            effect.part = Part.UNDO if full is self._current else Part.SWITCH
            effect.source, effect.first, effect.full = full.source, event.at, event.at
            self._complete(number, full, effect)
            self._serve(full, effect)
        for content in without_part:
            self._partial.pop(content, None)
            self._count_steps(content)

    def _shares(self) -> dict[Content, float]:
        """Return the percentage of each content that is routed; what waits for a promotion has that of its pause."""
        return {content: share for content, share in self._routes.shares().items() if not content.pauses}

    def _complete(self, number: int, content: Content, effect: Effect) -> None:
        """Count the events that prepared a content with the one that gives it traffic now (D3)."""
        if not content.served_in_full:
            content.enabled_by = number
        effect.first = _earliest(content.first, effect.first)
        if effect.full is not None:
            self._count_steps(content, number)

    def _add_step(self, content: Content, number: int, effect: Effect) -> None:
        content.weight_events.append(number)
        content.first = effect.first = _earliest(content.first, effect.first)

    def _count_steps(self, content: Content, last: int | None = None) -> None:
        """Count the steps of weights that a content had with the one that completed them, else with the last."""
        for event in content.weight_events:
            if event != (last or content.weight_events[-1]):
                self._count_with(event, last or content.weight_events[-1])
        content.weight_events, content.first = [], None

    def _count_with(self, earlier: int, later: int) -> None:
        effect, deployment = self._effects[earlier], self._events[later].deployment
        effect.first = effect.full = None
        if self._events[earlier].deployment == deployment:
            effect.part = Part.STEP
        else:
            effect.part, effect.prepared_for = Part.PREPARED, deployment

    def _count_preparations(self) -> None:
        """Count what still has a part of the traffic as rising, and dark content with what gave it traffic last."""
        for content in self._partial:
            if (self._routes or content.pauses) and content.weight_events:
                self._effects[content.weight_events[-1]].part = Part.RISING
            self._count_steps(content)
        for content in self._contents:
            for number in content.dark_events:
                if content.enabled_by is not None and number < content.enabled_by:
                    self._count_with(number, content.enabled_by)

    def _serve(self, content: Content, effect: Effect) -> None:
        self._running[content.workload][content] = None
        self._turns.append(content)
        if effect.full is not None:
            self._current, content.served_in_full = content, True
            for each in [*self._partial, content]:  # what had a part of the traffic has none now
                self._count_steps(each)
            self._partial = {}
        elif content is not self._current:
            self._partial[content] = None

    def _replace(self, content: Content) -> None:
        """Stop what else runs in a workload that runs one content only, or what serves too while another one waits."""
        for each in self._others_running(content.workload, content):
            if content.pauses and each is self._current:
                self._running[content.workload][each] = None
            else:
                self._stop(each)

    def _others_running(self, workload: str, content: Content | None) -> list[Content]:
        """Return what runs in a workload beside a content, to be stopped."""
        running = self._running[workload]
        is_running = content in running
        if len(running) == is_running:
            return []
        # A dictionary that many entries leave one by one takes as long to read as before: a new one takes its place.
        self._running[workload] = {content: None} if content and is_running else {}
        return [each for each in running if each is not content]

    def _stop(self, content: Content) -> None:
        self._running[content.workload].pop(content, None)
        if content in self._partial:
            del self._partial[content]
            self._count_steps(content)

    def _content_of(self, event: Event) -> Content | None:
        revision = self._find(event)
        return revision.content if revision else None

    def _find(self, event: Event) -> Revision | None:
        return self._lists[event.workload].find(event.restores or event.revision, event.steps_back)


def _earliest(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)


def _names_revision(event: Event) -> bool:
    return bool(event.revision or event.restores) or event.steps_back is not None


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
