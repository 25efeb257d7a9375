"""What each target serves: its events in order in, what every event put into service out. Pure.

What is dark waits in the list of its workload until an execution, whichever it is, enables it or gives it traffic.
Rules T2-T5, C8 and D3 of ``docs/what-serves.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from dora.targets.events import PARTS, Action, Effect, Event, Part
from dora.targets.preparations import Preparations
from dora.targets.revisions import Content, Revision, RevisionList
from dora.targets.routes import Routes
from dora.targets.traffic import Traffic


class Target:
    """The workloads that share the traffic of one place, and what they serve.

    ``is_routed``: a manifest or stage divides its traffic, at any time in its history.
    """

    def __init__(self, *, is_routed: bool) -> None:
        self._preparations = Preparations()
        self._traffic = Traffic(self._preparations)
        self._contents: list[Content] = []
        self._lists: defaultdict[str, RevisionList] = defaultdict(RevisionList)
        self._routes = Routes(self._lists, is_routed=is_routed)

    def replay(self, events: Sequence[Event]) -> list[Effect]:
        """Return the effect of each event; ``events`` are in the order in which the cluster accepted them."""
        for number, event in enumerate(events):
            effect = Effect(PARTS[event.action], number)
            self._preparations.add(event, effect)
            if event.at is not None:
                _APPLY[event.action](self, number, event, effect)
            elif event.action not in (Action.DEPLOY, Action.RESTART, Action.SCALE):
                effect.source = None  # what was refused makes no revision and takes no traffic
        rising = [content for content in self._traffic.partial if self._routes or content.pauses]
        self._preparations.count_all(self._contents, rising)
        return self._preparations.effects

    def _deploy(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        revision = revisions.add(event, number)
        content = revision.content
        if content.source == number:
            self._contents.append(content)
        revisions.pauses = revisions.pauses if event.pauses is None else event.pauses
        content.pauses = revisions.pauses if self._is_update(content) else ()
        if event.is_aborted:
            self._abort_arrival(event, effect, content)
            return
        arriving = 0 if event.is_dark else self._routes.arriving_share(revision, self._traffic.current)
        weight = content.pauses[0] if content.pauses else arriving
        if not revisions.is_versioned:
            if content is not self._traffic.current:
                self._preparations.leave_open(self._traffic.partial, content)
            self._traffic.replace(content)
        if weight == 0:
            effect.part = Part.DARK
            if not content.served_in_full:
                content.dark_events.append(number)
            return
        effect.first, effect.full = event.first, event.full if weight >= 100 else None
        if weight < 100 and content is not self._traffic.current:
            self._preparations.add_step(content, number, effect)
        self._traffic.serve(content, in_full=effect.full is not None)

    def _is_update(self, content: Content) -> bool:
        """Tell whether content takes the place of other content; the first of a workload pauses nowhere."""
        current = self._traffic.current
        return current is not None and current is not content and current.workload == content.workload

    def _abort_arrival(self, event: Event, effect: Effect, content: Content) -> None:
        """Let the content before serve on, as an analysis stopped this one."""
        effect.first, effect.stopped_at, effect.stopped_by = event.first, event.at, event.stopper
        content.pauses = ()
        for each in self._traffic.others_running(event.workload, self._traffic.current):
            self._traffic.stop(each)

    def _roll_back(self, number: int, event: Event, effect: Effect) -> None:
        revision = self._lists[event.workload].find(event.restores, event.steps_back)
        effect.source, effect.first, effect.full = None, event.first, event.full
        if revision is not None:
            self._restore(event, effect, revision)

    def _restore(self, event: Event, effect: Effect, revision: Revision) -> None:
        content = revision.content
        effect.source, content.pauses = content.source, ()
        self._lists[event.workload].restore(revision)
        weight = self._routes.arriving_share(revision, self._traffic.current)
        self._traffic.replace(content)
        if weight == 0:
            effect.part, effect.first, effect.full = Part.DARK, None, None
            return
        if weight < 100:
            effect.full = None
        self._traffic.serve(content, in_full=effect.full is not None)

    def _abort(self, number: int, event: Event, effect: Effect) -> None:
        """Take back what waits; if nothing does, return to what served in full before, once."""
        revisions = self._lists[event.workload]
        newest = revisions.last.content if revisions.last else None
        if newest is not None and newest is not self._traffic.current:
            self._abort_wait(event, effect, newest)
            return
        stable = self._traffic.previous
        revision = stable.revision if newest and stable and stable.workload == event.workload else None
        if revisions.is_aborted or revision is None or not revision.is_listed:
            effect.part, effect.source = Part.CLEAN_UP, None
            return
        effect.first, effect.full = event.first, event.full
        self._restore(event, effect, revision)
        revisions.is_aborted = True

    def _abort_wait(self, event: Event, effect: Effect, content: Content) -> None:
        is_other = event.deployment != self._preparations.find_deployment(content)
        is_stop = event.stopper is not None and is_other and bool(content.pauses)
        if is_stop or (content.pauses and content not in self._traffic.partial):
            self._preparations.stop(content, event, event.stopper if is_stop else None)
        self._retire(event, effect, [content])
        content.pauses = ()
        if is_stop:  # it ends another deployment, and is none
            effect.part, effect.source, effect.first, effect.full = Part.CLEAN_UP, None, None, None

    def _correct(self, number: int, event: Event, effect: Effect) -> None:
        """Give what waited all of the traffic, or take it away, as the cluster did by itself (T4)."""
        effect.source = None
        revision = self._lists[event.workload].last
        content = revision.content if revision else None
        if content is None or not content.pauses:
            return
        content.pauses = ()
        if event.action == Action.ABORTED:
            self._preparations.stop(content, event, event.stopper)
            self._traffic.stop(content)
        else:
            self._preparations.finish(content, event)
            self._traffic.serve(content, in_full=True)

    def _restart(self, number: int, event: Event, effect: Effect) -> None:
        revision = self._lists[event.workload].add_restart(event)
        effect.source = revision.content.source if revision else None
        effect.first, effect.full = event.first, event.full

    def _scale(self, number: int, event: Event, effect: Effect) -> None:
        content = self._content_of(event)
        effect.source = content.source if content else None
        effect.first, effect.full = event.first, event.full
        if event.names_revision and content is not None and content is not self._traffic.current:
            effect.part, effect.first, effect.full = Part.CLEAN_UP, None, None

    def _enable(self, number: int, event: Event, effect: Effect) -> None:
        content = self._content_of(event)
        effect.source = content.source if content else None
        effect.first, effect.full = event.first, event.full
        if content is not None and content is self._traffic.current:
            effect.part = Part.RESTART
        elif content is not None:
            content.pauses = ()
            self._preparations.complete(number, content, effect)
            self._traffic.serve(content, in_full=effect.full is not None)

    def _promote(self, number: int, event: Event, effect: Effect) -> None:
        """Let what waits go on to its next pause, else to all of the traffic."""
        content = self._content_of(event)
        if content is not None and not content.pauses and content in (self._traffic.current, *self._traffic.partial):
            effect.part, effect.source = Part.CLEAN_UP, None  # it waits for nothing
            return
        pauses = content.pauses[1:] if content is not None and event.action == Action.PROMOTE else ()
        if content is None or not pauses:
            self._enable(number, event, effect)
            return
        content.pauses, effect.source = pauses, content.source
        if pauses[0] == 0:
            effect.part = Part.DARK
            content.dark_events.append(number)
            return
        effect.first = event.first
        self._preparations.complete(number, content, effect)
        self._preparations.add_step(content, number, effect)
        self._traffic.serve(content, in_full=False)

    def _disable(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        if revisions.is_versioned and not event.names_revision:
            newest = revisions.last.content if revisions.last else None
            retired = self._traffic.others_running(event.workload, newest)
        else:
            retired = [content for content in [self._content_of(event)] if content]
        self._retire(event, effect, retired)

    def _delete(self, number: int, event: Event, effect: Effect) -> None:
        revisions = self._lists[event.workload]
        if event.names_revision:
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
        traffic = self._traffic
        effect.part, effect.source = Part.CLEAN_UP, None
        had_part = any(content in traffic.partial for content in retired)
        for content in retired:
            traffic.stop(content)
        if traffic.current in retired:
            traffic.current = successor = traffic.find_successor()
            if successor is not None:
                effect.part, effect.source = Part.SWITCH, successor.source
                effect.first = effect.full = event.at
                traffic.serve(successor, in_full=True)
        elif had_part and traffic.current is not None:
            effect.part, effect.source = Part.UNDO, traffic.current.source
            effect.first = effect.full = event.at

    def _route(self, number: int, event: Event, effect: Effect) -> None:
        self._routes.shift(number, event, effect, self._traffic, self._preparations)

    def _content_of(self, event: Event) -> Content | None:
        revision = self._find(event)
        return revision.content if revision else None

    def _find(self, event: Event) -> Revision | None:
        return self._lists[event.workload].find(event.restores or event.revision, event.steps_back)


_APPLY: dict[Action, Callable[[Target, int, Event, Effect], None]] = {
    Action.DEPLOY: Target._deploy,
    Action.ROLLBACK: Target._roll_back,
    Action.ABORT: Target._abort,
    Action.COMPLETED: Target._correct,
    Action.ABORTED: Target._correct,
    Action.RESTART: Target._restart,
    Action.SCALE: Target._scale,
    Action.ENABLE: Target._enable,
    Action.PROMOTE: Target._promote,
    Action.PROMOTE_FULLY: Target._promote,
    Action.DISABLE: Target._disable,
    Action.DELETE: Target._delete,
    Action.ROUTE: Target._route,
}
