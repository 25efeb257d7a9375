"""Which events count with which: what prepared a content counts with what gives it traffic (rule D3). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from dora.targets.events import PARTS, Effect, Event, Part
from dora.targets.revisions import Content


class Preparations:
    """The ``effects`` of the events of one target, of which some count with a later event, or were in vain."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self._events: list[Event] = []

    def add(self, event: Event, effect: Effect) -> None:
        """Add the next event."""
        self._events.append(event)
        self.effects.append(effect)

    def add_step(self, content: Content, number: int, effect: Effect) -> None:
        """Count an event that gives a content a part of the traffic."""
        content.weight_events.append(number)
        content.first = effect.first = _earliest(content.first, effect.first)

    def complete(self, number: int, content: Content, effect: Effect) -> None:
        """Count the events that prepared a content with the one that gives it traffic now."""
        if not content.served_in_full:
            content.enabled_by = number
        effect.first = _earliest(content.first, effect.first)
        if effect.full is not None:
            self.count_steps(content, number)

    def count_steps(self, content: Content, last: int | None = None) -> None:
        """Count the steps of weights that a content had with the one that completed them, else with the last."""
        if content.weight_events:
            completing = content.weight_events[-1] if last is None else last
            for event in content.weight_events:
                if event != completing:
                    self._count_with(event, completing)
        content.weight_events, content.first = [], None

    def stop(self, content: Content, event: Event, stopped_by: str | None) -> None:
        """Say which event took away what a content had or waited for, and who decided on that."""
        self._count_dark(content)
        waiting = [number for number in content.dark_events if self.effects[number].part == Part.DARK]
        for number in [*waiting, *content.weight_events[-1:]]:
            effect = self.effects[number]
            effect.stopped_by, effect.stopped_at = stopped_by, event.at
        content.dark_events = []

    def finish(self, content: Content, event: Event) -> None:
        """Let the event that a content waits at give it all of the traffic when a later event tells."""
        number = (content.weight_events or content.dark_events)[-1]
        effect = self.effects[number]
        self.complete(number, content, effect)
        effect.first, effect.full = _earliest(effect.first, event.full), event.full
        effect.part = PARTS[self._events[number].action]

    def find_deployment(self, content: Content) -> str | None:
        """Return the deployment that gave a content the part that it has, else the last that deployed it dark."""
        numbers = content.weight_events or content.dark_events
        return self._events[numbers[-1]].deployment if numbers else None

    def leave_open(self, partial: Iterable[Content], newer: Content) -> None:
        """Let what waited for a promotion be rising for good: whether it was promoted meanwhile is unknown."""
        for content in partial:
            if content.pauses and content.weight_events and content.workload == newer.workload and content is not newer:
                self.effects[content.weight_events[-1]].part = Part.RISING

    def count_all(self, contents: Iterable[Content], rising: Iterable[Content]) -> None:
        """Count dark content with what gave it traffic last, and what still has a part of it as ``rising``."""
        for content in rising:
            if content.weight_events:
                self.effects[content.weight_events[-1]].part = Part.RISING
        for content in contents:
            self.count_steps(content)
            self._count_dark(content)

    def _count_dark(self, content: Content) -> None:
        for number in content.dark_events:
            if content.enabled_by is not None and number < content.enabled_by:
                self._count_with(number, content.enabled_by)

    def _count_with(self, earlier: int, later: int) -> None:
        effect, deployment = self.effects[earlier], self._events[later].deployment
        effect.first = effect.full = None
        if self._events[earlier].deployment == deployment:
            effect.part = Part.STEP
        else:
            effect.part, effect.prepared_for = Part.PREPARED, deployment


def _earliest(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)
