"""The walk over the attempts of every application and over every change, numbers in and numbers out. Pure.

Columns, not rows, wherever no history has to be followed: of millions of attempts nearly all are ordinary releases.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np

from dora.lineage.commit_graph import NONE, Graph, Numbers
from dora.lineage.history import Attempt, Attribution, DeployedContent, Direction, History, ordinary_release

Columns = dict[str, Numbers]
# Words are columns of small numbers while the walk lasts: their place in this list. "unknown" is a word of both.
WORDS = list(dict.fromkeys(map(str, (*Attribution, *Direction))))
_CODES: dict[Any, int] = {None: NONE} | {word: place for place, word in enumerate(WORDS)}


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Pause the collector of cycles, which would search millions of small objects again and again for none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def walk_attempts(graph: Graph, attempts: dict[str, Any], counts: Sequence[int]) -> tuple[Columns, Columns]:
    """Return what each attempt deployed, and the commits that each shipped first.

    ``attempts`` has the columns of ``Attempt`` in order, ``counts`` the number of attempts of each application in turn.
    The first result has a column for each field of ``DeployedContent``, words by their place in ``WORDS``; ``NONE`` is
    null.
    """
    rows = map(Attempt._make, zip(*(column.tolist() for column in attempts.values()), strict=True))
    exceptions: dict[int, DeployedContent] = {}
    shipped: list[tuple[int, list[int]]] = []
    for end, count in zip(np.cumsum(counts).tolist(), counts, strict=True):
        history = History(graph)
        for number, attempt in zip(range(end - count, end), rows, strict=False):
            if not history.append_release(number, attempt):
                exceptions[number] = history.append(number, attempt)
        shipped += history.shipped
    numbers, nodes = _flatten(shipped)
    return _deployed_columns(np.ma.filled(attempts["node"], NONE), exceptions), {"attempt": numbers, "node": nodes}


def _deployed_columns(nodes: Numbers, exceptions: dict[int, DeployedContent]) -> Columns:
    """Fill every column as for ordinary releases, then write the exceptions into it."""
    numbers = np.fromiter(exceptions, np.int64, len(exceptions))
    columns: Columns = {}
    for name, value in ordinary_release(np.arange(len(nodes)), nodes)._asdict().items():
        columns[name] = np.full(len(nodes), value if isinstance(value, np.ndarray) else _CODES[value], np.int32)
        values = (getattr(deployed, name) for deployed in exceptions.values())
        columns[name][numbers] = [_CODES.get(value, value) for value in values]
    return columns


def included_commits(graph: Graph, changes: Numbers) -> Columns:
    """Return the commits that each change reaches and no change below it does, ancestors before descendants.

    A change right upon another includes itself alone; the others are walked, and no walk goes beyond a change.
    """
    stops = np.zeros(graph.size + 1, np.uint8)
    stops[changes] = stops[NONE] = 1  # the last place is for those without a parent
    single = (stops[graph.first[changes]] == 1) & ~np.isin(changes, np.fromiter(graph.merges, np.int32))
    generation, marked = graph.generation, bytearray(stops)
    groups = []
    for number in sorted(changes[~single].tolist(), key=generation.__getitem__):
        marked[number] = 0
        groups.append((number, sorted(graph.mark(number, marked), key=generation.__getitem__)))
    walked, reached = _flatten(groups)
    change, node = np.concatenate([changes[single], walked]), np.concatenate([changes[single], reached])
    order = np.argsort(change, kind="stable")
    starts = np.flatnonzero(np.diff(change[order], prepend=NONE))
    position = np.arange(1, len(change) + 1) - np.repeat(starts, np.diff(starts, append=len(change)))
    return {"change": change[order], "node": node[order], "position": position.astype(np.int32)}


def _flatten(groups: list[tuple[int, list[int]]]) -> tuple[Numbers, Numbers]:
    sizes = [len(nodes) for _, nodes in groups]
    numbers = np.repeat(np.array([number for number, _ in groups], np.int32), sizes)
    return numbers, np.fromiter(chain.from_iterable(nodes for _, nodes in groups), np.int32, sum(sizes))
