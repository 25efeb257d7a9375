"""A task: what an engine needs to know to have one part built, anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Task(NamedTuple):
    """The part of a build that is made from a store and written to it.

    A task that runs twice gives the same: each attempt writes to a folder of its own.
    """

    store: str
    build_id: str
    part: int
    attempt: int = 1


# A function of a module, called with the fields of a task: engines name it, they do not send it.
Work = Callable[[str, str, int, int], None]
