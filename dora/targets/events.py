"""What happens to a target, and what that did to it: the words of the replay. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    """What an event does to a target."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RESTART = "restart"
    SCALE = "scale"
    ENABLE = "enable"
    DISABLE = "disable"
    DELETE = "delete"
    ROUTE = "route"
    PROMOTE = "promote"
    PROMOTE_FULLY = "promote_fully"
    ABORT = "abort"
    COMPLETED = "completed"  # in the cluster, as a later stage tells
    ABORTED = "aborted"


class Part(StrEnum):
    """What an event was for its deployment."""

    DEPLOY = "deploy"  # it brings content
    UNDO = "undo"  # it says that it goes back
    SWITCH = "switch"  # it moves traffic to content that is there
    RISING = "rising"  # it gave content a part of the traffic, which that still has
    RESTART = "restart"  # it changes nothing that serves
    DARK = "dark"  # it brings content that waits for traffic
    STEP = "step"  # its effect is counted with a later event of its deployment
    PREPARED = "prepared"  # another deployment completed it
    CLEAN_UP = "clean_up"  # it removes what another replaced


# What an event is for its deployment, unless the history of its target says more.
PARTS = {
    Action.DEPLOY: Part.DEPLOY,
    Action.ROLLBACK: Part.UNDO,
    Action.ABORT: Part.UNDO,
    Action.RESTART: Part.RESTART,
    Action.SCALE: Part.RESTART,
    Action.ENABLE: Part.SWITCH,
    Action.PROMOTE: Part.SWITCH,
    Action.PROMOTE_FULLY: Part.SWITCH,
    Action.ROUTE: Part.SWITCH,
    Action.COMPLETED: Part.CLEAN_UP,
    Action.ABORTED: Part.CLEAN_UP,
    Action.DISABLE: Part.CLEAN_UP,
    Action.DELETE: Part.CLEAN_UP,
}


class Destination(NamedTuple):
    """A share of the traffic in percent, for what ``labels`` select or for what the subset is called.

    ``is_version``: the subset is a version of a function, a number or latest, previous, oldest.
    """

    host: str
    subset: str | None
    labels: frozenset[str] | None
    weight: float
    is_version: bool = False


class Event(NamedTuple):
    """One thing that happened to a target; times in microseconds, ``at`` is null if the cluster refused it.

    ``template`` identifies the whole pod template with its images; null is unlike all others. ``revision`` is the name
    that the source gave: a versioned name or the number that Kubernetes counts. ``deployment`` is the root of its
    execution tree. ``pauses`` are percentages at which a deploy waits for a promotion, if other content served before;
    null if its manifest does not tell. ``is_aborted``: what it deploys was stopped in the cluster. ``stopper`` decided
    on an abort: person or analysis; null for a tool that no person started.
    """

    deployment: str
    action: Action
    workload: str
    at: int | None
    first: int | None = None
    full: int | None = None
    template: object = None
    revision: str | None = None
    labels: frozenset[str] = frozenset()
    is_dark: bool = False
    restores: str | None = None
    steps_back: int | None = None
    routes: tuple[Destination, ...] = ()
    pauses: tuple[float, ...] | None = None
    is_aborted: bool = False
    stopper: str | None = None

    @property
    def names_revision(self) -> bool:
        """Tell whether it is about one revision of its workload."""
        return bool(self.revision or self.restores) or self.steps_back is not None


class Effect:
    """What an event did: the event whose content it put into service, and when that took traffic.

    ``source`` is the number of that event, null if it is not known. ``prepared_for`` is the deployment that gave it
    traffic, where that is another one; ``stopped_by`` says who took it back, at ``stopped_at``.
    """

    __slots__ = ("first", "full", "part", "prepared_for", "source", "stopped_at", "stopped_by")

    def __init__(self, part: Part, source: int | None) -> None:
        self.part, self.source = part, source
        self.first: int | None = None
        self.full: int | None = None
        self.prepared_for: str | None = None
        self.stopped_by: str | None = None
        self.stopped_at: int | None = None
