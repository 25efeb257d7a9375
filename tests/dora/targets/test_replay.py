"""What each target serves, against a simulator that scans lists."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from dora.memory import paused_garbage_collection
from dora.targets.events import Action, Destination, Event
from dora.targets.replay import Target
from tests.dora.targets.generated import Organisation, organisations
from tests.dora.targets.simulator import Outcome, SimulatedTarget

SEARCHES = settings().max_examples * (10 if settings().max_examples > 500 else 1)


@settings(max_examples=SEARCHES)
@given(organisations())
def test_every_event_does_what_the_rules_say(organisation: Organisation) -> None:
    """Part, source, first and full traffic, and for whom it was prepared, are those of a scan of the whole past."""
    for place, events in organisation.events.items():
        is_routed = bool(place.routes) and any(event.action == "route" for event in events)
        effects = Target(is_routed=is_routed).replay(events)
        expected = SimulatedTarget(is_routed=is_routed).replay(events)
        for number, (effect, outcome) in enumerate(zip(effects, expected, strict=True)):
            computed = {name: getattr(effect, name) for name in Outcome.__dataclass_fields__}
            assert computed == vars(outcome), (place.name, number)


def _deploys(size: int, **fields: Any) -> list[Event]:
    """Deploy so many versions of one workload, each by its own execution."""
    return [
        Event(f"e{number}", Action.DEPLOY, "shop", number, template=number, revision=f"shop-v{number}", **fields)
        for number in range(size)
    ]


def _toggled(size: int) -> list[Event]:
    """Two versions serve in turn: the older is enabled, the newer disabled, and back."""
    events = _deploys(size, first=1, full=1)
    names = [f"shop-v{number % 2 + size - 2}" for number in range(size)]
    for number, name in enumerate(names, size):
        action = Action.ENABLE if number % 4 < 2 else Action.DISABLE
        events.append(Event(f"e{number}", action, "shop", number, number, number, revision=name))
    return events


def _enabled_backwards(size: int) -> list[Event]:
    """All versions are dark, then the newest is enabled first and the oldest last."""
    enables = (
        Event(f"n{number}", Action.ENABLE, "shop", size * 2 - number, 1, 1, revision=f"shop-v{number}")
        for number in reversed(range(size))
    )
    return _deploys(size, is_dark=True) + list(enables)


def _retired(size: int, action: Action, form: dict[str, Any]) -> list[Event]:
    """All versions run, then one after the other is disabled or deleted, from the newest or from the oldest."""
    return _deploys(size, first=1, full=1) + [
        Event(f"n{number}", action, "shop", size + number, **form) for number in range(size)
    ]


def _weighed(size: int) -> list[Event]:
    """Weights rise a little in each of many executions, over dark versions."""
    routes = [
        (
            Destination("shop", "new", frozenset({"new"}), 100 * number / size),
            Destination("shop", "old", frozenset({"old"}), 100 - 100 * number / size),
        )
        for number in range(1, size)
    ]
    old = Event("e", Action.DEPLOY, "shop", 0, 0, 0, revision="shop-v0", labels=frozenset({"old"}))
    steps = [Event(f"r{number}", Action.ROUTE, "", number, routes=each) for number, each in enumerate(routes, size)]
    return [old, *(event._replace(labels=frozenset({"new"})) for event in _deploys(size, is_dark=True)[1:]), *steps]


def _restarted(size: int) -> list[Event]:
    """A Deployment is restarted, rolled back and applied again, with revisions that return."""
    actions = (Action.RESTART, Action.DEPLOY, Action.ROLLBACK)
    return [
        Event(f"e{number}", actions[number % 3], "shop", number, 1, 1, template=number % 7, steps_back=number % 2)
        for number in range(size)
    ]


def _promoted(size: int) -> list[Event]:
    """A Rollout waits at two weights; it is promoted, aborted or replaced by the next one."""
    actions = (Action.DEPLOY, Action.PROMOTE, Action.DEPLOY, Action.ABORT, Action.DEPLOY, Action.PROMOTE_FULLY)
    return [
        Event(
            f"e{number}",
            actions[number % 6],
            "shop",
            number,
            1,
            1,
            template=number,
            pauses=(0.0, 20.0),
            stopper="person",
        )
        for number in range(size)
    ]


SEQUENCES: dict[str, Callable[[int], list[Event]]] = {
    "toggled": _toggled,
    "enabled backwards": _enabled_backwards,
    "weighed": _weighed,
    "restarted": _restarted,
    "promoted": _promoted,
    "newest deleted": lambda size: _retired(size, Action.DELETE, {"steps_back": 0}),
    "oldest deleted": lambda size: _retired(size, Action.DELETE, {"restores": "oldest"}),
    "newest disabled": lambda size: _retired(size, Action.DISABLE, {"steps_back": 0}),
    "cluster disabled": lambda size: _retired(size, Action.DISABLE, {}),
}


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES)
def test_time_grows_with_the_number_of_events_only(sequence: Callable[[int], list[Event]]) -> None:
    """Ten thousand versions of one workload, enabled, disabled, deleted or weighed one by one, take linear time."""
    small, large = (min(_seconds(sequence(size)) for _ in range(3)) for size in (2_500, 10_000))
    assert large < 8 * small  # four times the events: linear is 4, quadratic 16


def _seconds(events: list[Event]) -> float:
    with paused_garbage_collection():
        start = time.process_time()
        Target(is_routed=True).replay(events)
        return time.process_time() - start
