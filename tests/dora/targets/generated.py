"""Histories of a small organisation for hypothesis: what its executions did to each target, from lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from dora.targets.events import Action, Destination, Event


class Place(NamedTuple):
    """A target of an application: its workloads, whether Spinnaker versions them, and how traffic is divided."""

    application: str
    name: str
    workloads: tuple[str, ...]
    is_versioned: bool = False
    routes: str = ""
    is_progressive: bool = False


PLACES = [
    Place("shop", "eu/shop", ("shop",)),
    Place("shop", "us/shop", ("shop",)),
    Place("shop", "eu/groups", ("groups",), is_versioned=True),
    Place("shop", "eu/mesh", ("mesh-a", "mesh-b"), routes="subsets"),
    Place("pay", "eu/pay", ("pay",)),
    Place("pay", "eu/sets", ("sets",), is_versioned=True, routes="labels"),
    Place("pay", "eu/function", ("function",), routes="versions"),
    Place("pay", "us/colours", ("blue", "green"), is_versioned=True),
    Place("shop", "eu/rollout", ("rollout",), is_progressive=True),
]
# Deploys stand several times in the lists: they are the most frequent.
PLAIN = [Action.DEPLOY] * 4 + [Action.ROLLBACK, Action.RESTART, Action.SCALE, Action.DELETE, Action.DISABLE]
GROUPS = [Action.DEPLOY] * 4 + [Action.ENABLE, Action.DISABLE, Action.DELETE, Action.ROLLBACK, Action.SCALE]
GROUPS += [Action.ENABLE, Action.DISABLE]
PROGRESSIVE = [*PLAIN, Action.ABORT, Action.ABORT, Action.PROMOTE, Action.PROMOTE, Action.PROMOTE_FULLY]
PROGRESSIVE += [Action.COMPLETED, Action.ABORTED]
PAUSES = [None, (), (20.0,), (0.0,), (0.0, 50.0), (20.0, 50.0)]
WEIGHTS = [0, 10, 50, 90, 100, 100]

Move = tuple[int, int, int, int, int]
CHOICE = st.integers(0, 29)


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    """A history of up to three places, so that each of them has many events."""
    places = draw(st.lists(st.integers(0, len(PLACES) - 1), min_size=1, max_size=3, unique=True))
    moves = st.tuples(st.sampled_from(places), CHOICE, CHOICE, CHOICE, CHOICE)
    return Organisation(draw(st.lists(moves, min_size=10, max_size=40)))


class Organisation:
    """The events of each place in order, each with the number of the content that it brings."""

    def __init__(self, moves: Sequence[Move]) -> None:
        self.events: dict[Place, list[Event]] = {place: [] for place in PLACES}
        self._names: dict[str, list[tuple[str, object]]] = {}
        self._root = 0
        for number, (place, *choices) in enumerate(moves):
            self._root += choices[0] % 4 > 0  # now and then an execution does a second thing
            self.events[PLACES[place]].append(self._event(PLACES[place], 10 * number + 10, choices))

    def _event(self, place: Place, at: int, choices: list[int]) -> Event:
        kind, choice, other, state = choices
        actions = GROUPS if place.is_versioned else PROGRESSIVE if place.is_progressive else PLAIN
        action = Action.ROUTE if place.routes and kind % 3 == 2 else actions[kind % len(actions)]
        workload = place.workloads[choice % len(place.workloads)]
        event = Event(f"{place.application}{self._root}", action, workload, at, at + state % 2, at + 2)
        if state >= 27:
            event = event._replace(at=None, first=None, full=None)
        elif state >= 24 and action in (Action.DEPLOY, Action.ROLLBACK):
            event = event._replace(full=None)
        if action == Action.ROUTE:
            return event._replace(workload="", first=None, full=None, routes=self._routes(place, choice, other))
        if action == Action.DEPLOY:
            return self._deploy(place, event, choice, other, state)
        if action in (Action.ABORT, Action.PROMOTE, Action.PROMOTE_FULLY, Action.COMPLETED, Action.ABORTED):
            return event._replace(stopper=["person", "analysis", None][choice % 3])
        return self._point(place, event, choice, other)

    def _deploy(self, place: Place, event: Event, choice: int, other: int, state: int) -> Event:
        """Bring one of six contents with one of two templates, or a group again that is there."""
        names = self._names.setdefault(f"{place.name}/{event.workload}", [])
        template: object = (other % 6, choice // 3 % 2)
        event = event._replace(template=template, labels=frozenset({f"workload={event.workload}"}))
        if place.is_progressive:
            event = event._replace(pauses=PAUSES[choice // 6 % 6], is_aborted=state == 23)
        if place.routes == "versions":
            names.append((str(len(names) + 1), template))
            return event._replace(revision=names[-1][0])
        if not place.is_versioned:
            return event
        if not names or choice % 5:
            names.append((f"{event.workload}-v{len(names):03}", template))
        name, template = names[-1] if choice % 5 else names[other % len(names)]
        labels = event.labels | {f"version={int(name[-3:]) % 3}"}
        is_dark = state % 3 == 0 and event.at is not None
        event = event._replace(revision=name, template=template, labels=labels, is_dark=is_dark)
        return event._replace(first=None, full=None) if is_dark else event

    def _point(self, place: Place, event: Event, choice: int, other: int) -> Event:
        """Name a revision in one of the forms that stages know: a name, a number, steps back, the oldest or none."""
        names = self._names.get(f"{place.name}/{event.workload}", [])
        form = choice // 4 % 5
        if form == 0:
            return event if event.action != Action.ROLLBACK else event._replace(steps_back=1)
        if form == 1:
            return event._replace(steps_back=other % 4)
        if form == 2:
            return event._replace(restores="oldest")
        name = names[other % len(names)][0] if names and place.is_versioned else str(other % 6 + 1)
        if event.action == Action.ROLLBACK:
            return event._replace(restores=name)
        return event._replace(revision=name) if place.is_versioned else event

    def _routes(self, place: Place, choice: int, other: int) -> tuple[Destination, ...]:
        weight = WEIGHTS[other % len(WEIGHTS)]
        if place.routes == "subsets":
            forms = [("mesh", "a", None), ("mesh", "a", frozenset({"workload=mesh-a"})), ("mesh-a", None, None)]
            host, subset, labels = forms[choice % 3]
            second = [("mesh", "b", None), ("mesh", "b", frozenset({"workload=mesh-b"})), ("mesh-b", None, None)]
            return Destination(host, subset, labels, weight), Destination(*second[choice % 3], 100 - weight)
        if place.routes == "labels":
            one, two = str(choice % 3), str((choice + 1) % 3)
            return (
                Destination("sets", one, frozenset({f"version={one}"}), weight),
                Destination("sets", two, frozenset({f"version={two}"}), 100 - weight),
            )
        subset = ["latest", "previous", "oldest", "2", "3"][choice % 5]
        if weight >= 100:
            return (Destination("function", subset, None, 100, is_version=True),)
        return (
            Destination("function", "latest", None, weight, is_version=True),
            Destination("function", "previous", None, 100 - weight, is_version=True),
        )
