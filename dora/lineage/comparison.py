"""How an attempt compares with what its targets served before: the words and rows of the walk. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple


class Change(StrEnum):
    """What an attempt changed, by what its targets had served in full before; the first that is true of a target."""

    NEW = "new"  # content that has served no target
    BACK = "back"  # content that is behind what serves
    PROMOTION = "promotion"  # content that has served another target and never this one
    FORWARD = "forward"  # content that has served here, ahead of what serves
    TEMPLATE = "template"  # the same content with another pod template
    SAME = "same"


class Direction(StrEnum):
    """Where an attempt went by the commit graph, compared with the content that served before it."""

    FIRST = "first"
    AHEAD = "ahead"
    SAME = "same"
    BACK = "back"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


class Contents(NamedTuple):
    """What can serve: a content is a set of parts; a part is a commit or a version, and what it replaces.

    ``parts`` has the parts of each content, ``node`` of each part its commit in the graph or ``NONE``, ``slot`` the
    number of what it replaces: another part with the same slot is another version of the same image or repository.
    ``stand_in`` has the trunk commit that stands for a commit beside the trunk (G3).
    """

    parts: Sequence[Sequence[int]]
    node: Sequence[int]
    slot: Sequence[int]
    stand_in: Mapping[int, int] = {}


class Served(NamedTuple):
    """What began to serve one target; ``content`` and ``template`` are null (``NONE``) if they are unknown.

    ``is_full``: it took all traffic. ``is_reverted``: the same execution tree took it back.
    """

    target: int
    content: int
    template: int
    is_full: bool = True
    is_reverted: bool = False


class Attempt(NamedTuple):
    """One attempt to change what serves; ``is_undo``: it says that it goes back."""

    served: Sequence[Served]
    took_traffic: bool
    succeeded: bool
    is_undo: bool = False


class Comparison(NamedTuple):
    """How an attempt compares with what served before; other attempts are given by number, null if there is none.

    ``previous`` started the interval that served before, ``content`` introduced this content. ``restored`` last
    confirmed the content that it went back to, ``blamed_first`` and ``blamed_last`` are the first and the last that it
    takes back. ``joins`` is the deployment of which a promotion may be a later rollout (D6).
    """

    node: int | None = None
    change: str | None = None
    direction: str | None = None
    previous: int | None = None
    content: int | None = None
    restored: int | None = None
    blamed_first: int | None = None
    blamed_last: int | None = None
    joins: int | None = None


def ordinary_release(number: Any, node: Any, previous: Any) -> Comparison:
    """Return the comparison of an attempt that ``History.append_release`` took; of one, or of columns of them."""
    return Comparison(node, Change.NEW, Direction.AHEAD, previous, content=number)
