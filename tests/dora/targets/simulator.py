"""What targets serve and whom deployments take back, by brute force: lists that are scanned again for each event.

Written from the rules (T, C, D and E1), as naive as possible, to be compared with ``dora.targets``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dora.targets.events import Destination, Event


@dataclass(eq=False)
class Content:
    """What a workload runs; ``source`` is the event that brought it."""

    workload: str
    source: int
    served_in_full: bool = False
    dark_events: list[int] = field(default_factory=list)
    weight_events: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)


@dataclass(eq=False)
class Revision:
    """One entry in the list of a workload: an accepted pod template, server group or version of a function."""

    content: Content
    name: str | None
    template: object
    labels: frozenset[str]
    number: int = 0


@dataclass
class Outcome:
    """What one event did."""

    part: str
    source: int | None = None
    first: int | None = None
    full: int | None = None
    prepared_for: str | None = None
    stopped_by: str | None = None
    stopped_at: int | None = None


WORDS = {"deploy": "deploy", "rollback": "undo", "restart": "restart", "scale": "restart", "enable": "switch",
         "disable": "clean_up", "delete": "clean_up", "route": "switch", "promote": "switch", "promote_fully": "switch",
         "abort": "undo", "completed": "clean_up", "aborted": "clean_up"}  # fmt: skip


class SimulatedTarget:
    """One target: the revisions of each workload, oldest first, and who has traffic."""

    def __init__(self, *, is_routed: bool) -> None:
        self.is_routed = is_routed
        self.revisions: dict[str, list[Revision]] = {}
        self.versioned: set[str] = set()
        self.numbers: list[tuple[str, int, Revision]] = []
        self.serving: Content | None = None
        self.served_before: Content | None = None
        self.pauses: dict[str, list[float]] = {}
        self.aborted: set[str] = set()
        self.running: list[Content] = []  # with traffic or a part of it, the last one that got it at the end
        self.partial: list[Content] = []  # with a part of the traffic
        self.routes: list[tuple[Destination, Content | None]] = []
        self.outcomes: list[Outcome] = []
        self.events: Sequence[Event] = ()

    def replay(self, events: Sequence[Event]) -> list[Outcome]:
        """Return what each event did."""
        self.events = events
        for number, event in enumerate(events):
            outcome = Outcome(WORDS[event.action])
            self.outcomes.append(outcome)
            if event.at is not None:
                getattr(self, f"apply_{event.action}")(number, event, outcome)
            elif event.action in ("deploy", "restart", "scale"):
                outcome.source = number
        for content in self.partial:
            if (self.routes or content.pauses) and content.weight_events:
                self.outcomes[content.weight_events[-1]].part = "rising"
        return self.outcomes

    # Revisions (C8)

    def listed(self, workload: str) -> list[Revision]:
        return self.revisions.setdefault(workload, [])

    def put_last(self, revision: Revision, number: int | None) -> None:
        """Make a revision the newest; what is the newest keeps its number."""
        of_workload = self.listed(revision.content.workload)
        if of_workload and of_workload[-1] is revision:
            return
        revision.number = number or (of_workload[-1].number + 1 if of_workload else 1)
        self.numbers.append((revision.content.workload, revision.number, revision))
        if revision in of_workload:
            of_workload.remove(revision)
        of_workload.append(revision)

    def search(self, workload: str, name: str | None, steps_back: int | None) -> Revision | None:
        of_workload = self.listed(workload)
        if name == "oldest":
            return of_workload[0] if of_workload else None
        if name is None:
            steps = steps_back or 0
            return of_workload[-1 - steps] if steps < len(of_workload) else None
        if name.isdecimal():
            counted = [each for of, number, each in self.numbers if of == workload and number == int(name)]
            return counted[-1] if counted and counted[-1] in of_workload else None
        return next((each for each in reversed(of_workload) if each.name == name), None)

    def named(self, event: Event) -> list[Content]:
        revision = self.search(event.workload, event.restores or event.revision, event.steps_back)
        return [revision.content] if revision else []

    def accept(self, number: int, event: Event) -> Revision:
        """Return the revision of an accepted apply: a new one, or one that is there and moves to the end."""
        of_workload, is_counted = self.listed(event.workload), (event.revision or "0").isdecimal()
        if not is_counted:
            self.versioned.add(event.workload)
            same = [each for each in of_workload if each.name == event.revision]
        else:
            same = [each for each in of_workload if event.template is not None and each.template == event.template]
        content = Content(event.workload, number)
        revision = same[-1] if same else Revision(content, event.revision, event.template, event.labels)
        self.put_last(revision, int(event.revision or 0) if is_counted else None)
        return revision

    # Traffic (T2, T4, D7)

    def leads_to(self, route: Destination, revision: Revision) -> bool:
        names = revision.content.workload, revision.name
        if route.labels is not None:
            return route.labels <= revision.labels
        if route.subset is None:
            return route.host in names
        convention = f"{route.host}-{route.subset}"
        if convention in self.revisions or convention in names:
            return convention in names
        return any(label.split("=")[1].lower() == route.subset for label in revision.labels)

    def destination(self, route: Destination) -> Content | None:
        """Return what a destination leads to now: of each workload what runs, the newest of them."""
        matches = []
        for workload, of_workload in self.revisions.items():
            candidates = of_workload if workload in self.versioned else of_workload[-1:]
            matches += [each.content for each in candidates if self.leads_to(route, each)][-1:]
        return max(matches, key=lambda each: each.source) if matches else None

    def version(self, route: Destination) -> Content | None:
        """Return the version of a function, which a route names once and for all."""
        if route.is_version:
            steps = {"latest": 0, "previous": 1}.get(str(route.subset))
            revision = self.search(route.host, route.subset if steps is None else None, steps)
            return revision.content if revision else None
        return None

    def shares(self) -> list[tuple[Content, float]]:
        """Return each content that the routes lead to, with its percentage."""
        contents = [version or self.destination(route) for route, version in self.routes]
        weights = [route.weight for route, _ in self.routes]
        return [
            (content, sum(weight for each, weight in zip(contents, weights, strict=True) if each is content))
            for content in dict.fromkeys(contents)
            if content is not None
        ]

    def arriving_share(self, event: Event, revision: Revision) -> float:
        if event.is_dark:
            return 0
        if not self.routes:
            beside = self.serving is not None and self.serving.workload != event.workload
            return 0 if self.is_routed and beside else 100
        share = 0.0
        for route, version in self.routes:
            if version is revision.content or (version is None and self.leads_to(route, revision)):
                share += route.weight
        return share

    def lose_part(self, content: Content) -> None:
        if content in self.partial:
            self.partial.remove(content)
            content.weight_events = []

    def stop(self, content: Content) -> None:
        """Let a content have no traffic."""
        if content in self.running:
            self.running.remove(content)
        self.lose_part(content)

    def replace(self, content: Content) -> None:
        """Stop what else a workload runs."""
        for each in list(self.running):
            keeps = bool(content.pauses) and each is self.serving
            if each.workload == content.workload and each is not content and not keeps:
                self.stop(each)

    def serve(self, content: Content, outcome: Outcome) -> None:
        """Give a content all the traffic if the outcome says when, else a part of it."""
        if content in self.running:
            self.running.remove(content)
        self.running.append(content)
        if outcome.full is not None:
            if self.serving is not content:
                self.served_before = self.serving
            self.serving, content.served_in_full = content, True
            for each in list(self.partial):
                self.lose_part(each)
            content.dark_events, content.weight_events = [], []
        elif content is not self.serving and content not in self.partial:
            self.partial.append(content)

    def complete(self, number: int, prepared_by: list[int], outcome: Outcome) -> None:
        """Count what prepared a content with the event that moves its traffic (D3)."""
        for earlier in prepared_by:
            prepared = self.outcomes[earlier]
            firsts = [first for first in (prepared.first, outcome.first) if first is not None]
            outcome.first = min(firsts, default=None)
            prepared.first = prepared.full = prepared.prepared_for = None
            prepared.part = "step"
            if self.events[earlier].deployment != self.events[number].deployment:
                prepared.part, prepared.prepared_for = "prepared", self.events[number].deployment

    # Events

    def apply_deploy(self, number: int, event: Event, outcome: Outcome) -> None:
        outcome.source = number
        revision = self.accept(number, event)
        content, share = revision.content, self.arriving_share(event, revision)
        self.aborted.discard(event.workload)
        if event.pauses is not None:
            self.pauses[event.workload] = list(event.pauses)
        is_update = self.serving not in (None, content) and self.serving.workload == event.workload
        content.pauses = list(self.pauses.get(event.workload, [])) if is_update else []
        if event.is_aborted:
            self.abort_arrival(content, event, outcome)
            return
        share = content.pauses[0] if content.pauses else share
        if event.workload not in self.versioned:
            self.leave_open(content)
            self.replace(content)
        if share == 0:
            outcome.part = "dark"
            if not content.served_in_full:
                content.dark_events.append(number)
            return
        outcome.first, outcome.full = event.first, event.full if share >= 100 else None
        if share < 100 and content is not self.serving:
            self.complete(number, content.weight_events, outcome)
            content.weight_events.append(number)
        self.serve(content, outcome)

    def abort_arrival(self, content: Content, event: Event, outcome: Outcome) -> None:
        content.pauses, outcome.first = [], event.first
        outcome.stopped_at, outcome.stopped_by = event.at, event.stopper
        for each in [each for each in self.running if each.workload == event.workload]:
            if each is not self.serving:
                self.stop(each)

    def leave_open(self, newer: Content) -> None:
        """Nobody knows whether what waited for a promotion got one before something newer came."""
        for each in self.partial:
            if each.pauses and each.workload == newer.workload and newer not in (each, self.serving):
                self.outcomes[each.weight_events[-1]].part = "rising"

    def apply_rollback(self, number: int, event: Event, outcome: Outcome) -> None:
        outcome.first, outcome.full = event.first, event.full
        revision = self.search(event.workload, event.restores, event.steps_back)
        if revision is None:
            return
        outcome.source = revision.content.source
        if event.workload not in self.versioned:
            self.put_last(revision, None)
        self.go_back_to(revision, event, outcome)

    def go_back_to(self, revision: Revision, event: Event, outcome: Outcome) -> None:
        revision.content.pauses = []
        share = self.arriving_share(event, revision)
        self.replace(revision.content)
        if share == 0:
            outcome.part, outcome.first, outcome.full = "dark", None, None
            return
        if share < 100:
            outcome.full = None
        self.serve(revision.content, outcome)

    def apply_restart(self, number: int, event: Event, outcome: Outcome) -> None:
        outcome.first, outcome.full = event.first, event.full
        revision = self.search(event.workload, None, None)
        if revision is not None:
            outcome.source = revision.content.source
            if event.workload not in self.versioned:
                self.put_last(Revision(revision.content, event.revision, None, revision.labels), None)

    def apply_scale(self, number: int, event: Event, outcome: Outcome) -> None:
        outcome.first, outcome.full = event.first, event.full
        names_one = event.revision or event.restores or event.steps_back is not None
        for content in self.named(event):
            outcome.source = content.source
            if names_one and content is not self.serving:
                outcome.part, outcome.first, outcome.full = "clean_up", None, None

    def apply_enable(self, number: int, event: Event, outcome: Outcome) -> None:
        outcome.first, outcome.full = event.first, event.full
        for content in self.named(event):
            outcome.source = content.source
            if content is self.serving:
                outcome.part = "restart"
            else:
                content.pauses = []
                self.complete(number, content.dark_events + content.weight_events, outcome)
                self.serve(content, outcome)

    def apply_promote_fully(self, number: int, event: Event, outcome: Outcome) -> None:
        self.apply_promote(number, event, outcome)

    def apply_promote(self, number: int, event: Event, outcome: Outcome) -> None:
        for content in self.named(event):
            outcome.source = content.source
            rest = content.pauses[1:] if event.action == "promote" else []
            if not content.pauses and content in (self.serving, *self.partial):
                outcome.part, outcome.source = "clean_up", None
                return
            if not rest:
                continue
            content.pauses = rest
            if rest[0] == 0:
                outcome.part = "dark"
                content.dark_events.append(number)
                return
            outcome.first = event.first
            self.complete(number, content.dark_events + content.weight_events, outcome)
            content.weight_events.append(number)
            self.serve(content, outcome)
            return
        self.apply_enable(number, event, outcome)

    def end(self, content: Content, stopper: str | None, at: int | None) -> None:
        """Say of what still waits that it was stopped; what another event completed is a part of that."""
        waits = [each for each in content.dark_events if self.outcomes[each].part == "dark"]
        for each in waits + content.weight_events[-1:]:
            self.outcomes[each].stopped_by, self.outcomes[each].stopped_at = stopper, at
        content.dark_events = []

    def apply_aborted(self, number: int, event: Event, outcome: Outcome) -> None:
        newest = self.search(event.workload, None, None)
        if newest is not None and newest.content.pauses:
            content = newest.content
            self.end(content, event.stopper, event.at)
            content.pauses = []
            self.stop(content)

    def apply_completed(self, number: int, event: Event, outcome: Outcome) -> None:
        newest = self.search(event.workload, None, None)
        if newest is not None and newest.content.pauses:
            content = newest.content
            waits = (content.weight_events or content.dark_events)[-1]
            late = self.outcomes[waits]
            late.part = "deploy" if self.events[waits].action == "deploy" else "switch"
            self.complete(waits, [each for each in content.dark_events + content.weight_events if each != waits], late)
            late.first = event.full if late.first is None else min(late.first, event.full or 0)
            late.full, content.pauses = event.full, []
            self.serve(content, late)

    def apply_abort(self, number: int, event: Event, outcome: Outcome) -> None:
        newest = self.search(event.workload, None, None)
        if newest is not None and newest.content is not self.serving:
            content = newest.content
            numbers = content.weight_events or content.dark_events
            is_other = not numbers or self.events[numbers[-1]].deployment != event.deployment
            is_stop = event.stopper is not None and is_other and bool(content.pauses)
            if is_stop or (content.pauses and content not in self.partial):
                self.end(content, event.stopper if is_stop else None, event.at)
            outcome.part = "clean_up"
            self.retire(event, outcome, [content])
            content.pauses = []
            if is_stop:
                outcome.part, outcome.source, outcome.first, outcome.full = "clean_up", None, None, None
            return
        of_stable = [each for _, _, each in self.numbers if each.content is self.served_before]
        is_listed = bool(of_stable) and of_stable[-1] in self.listed(event.workload)
        if newest is None or event.workload in self.aborted or not is_listed:
            outcome.part, outcome.source = "clean_up", None
            return
        outcome.first, outcome.full = event.first, event.full
        outcome.source = of_stable[-1].content.source
        self.put_last(of_stable[-1], None)
        self.go_back_to(of_stable[-1], event, outcome)
        self.aborted.add(event.workload)

    def apply_disable(self, number: int, event: Event, outcome: Outcome) -> None:
        retired = self.named(event)
        names_one = event.revision or event.restores or event.steps_back is not None
        if event.workload in self.versioned and not names_one:
            newest = self.search(event.workload, None, None)
            kept = newest.content if newest else None
            retired = [each for each in self.running if each.workload == event.workload and each is not kept]
        self.retire(event, outcome, retired)

    def apply_delete(self, number: int, event: Event, outcome: Outcome) -> None:
        deleted = list(self.listed(event.workload))
        if event.revision or event.restores or event.steps_back is not None:
            revision = self.search(event.workload, event.restores or event.revision, event.steps_back)
            deleted = [revision] if revision else []
        self.revisions[event.workload] = [each for each in self.listed(event.workload) if each not in deleted]
        self.retire(event, outcome, [each.content for each in deleted])

    def retire(self, event: Event, outcome: Outcome, retired: list[Content]) -> None:
        had_part = any(each in self.partial for each in retired)
        for each in retired:
            self.stop(each)
        if self.serving in retired:
            rest = [each for each in self.running if each.served_in_full]
            self.serving = None
            if rest:
                outcome.part, outcome.source = "switch", rest[-1].source
                outcome.first = outcome.full = event.at
                self.serve(rest[-1], outcome)
        elif had_part and self.serving is not None:
            outcome.part, outcome.source = "undo", self.serving.source
            outcome.first = outcome.full = event.at

    def apply_route(self, number: int, event: Event, outcome: Outcome) -> None:
        outcome.part = "clean_up"
        before = self.shares()
        self.routes = [(route, self.version(route)) for route in event.routes]
        after = self.shares()
        lost = [each for each in self.partial if sum(share for content, share in after if content is each) == 0]
        rises = [
            content
            for content, share in after
            if sum(weight for each, weight in before if each is content) < share < 100 and content is not self.serving
        ]
        if rises:  # one event tells of one content
            outcome.part, outcome.source, outcome.first = "switch", rises[-1].source, event.at
            self.complete(number, rises[-1].dark_events + rises[-1].weight_events, outcome)
            rises[-1].weight_events.append(number)
        for content in rises:
            self.serve(content, outcome)
        for content, share in after:
            share_before = sum(weight for each, weight in before if each is content)
            is_unstable = content in self.partial and share_before >= 100
            if share >= 100 and not is_unstable and (content is not self.serving or self.partial):
                outcome.part = "undo" if content is self.serving else "switch"
                outcome.source, outcome.first, outcome.full = content.source, event.at, event.at
                self.complete(number, content.dark_events + content.weight_events, outcome)
                self.serve(content, outcome)
        for each in lost:
            self.lose_part(each)
