"""The walk over every application's attempts and every change, numbers in and numbers out. Pure.

Columns, not rows, wherever nothing has to be followed: of millions, nearly all are as usual.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np

from dora.lineage.commit_graph import NONE, Graph, Numbers
from dora.lineage.history import Attempt, Carried, History, usual

Columns = dict[str, Numbers]
WORDS = [
    "commit",
    "version",
    "restored",
    "missing",
    "ambiguous",
    "unknown",
    "first",
    "ahead",
    "same",
    "back",
    "diverged",
]
_PLACES: dict[Any, int] = {None: NONE} | {word: place for place, word in enumerate(WORDS)}


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector of circles, which would search millions of small things again and again for none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def served(graph: Graph, attempts: dict[str, Any], counts: Sequence[int]) -> tuple[Columns, Columns]:
    """What each attempt carried, and which commits each was the first to ship.

    ``attempts`` are the columns of ``Attempt`` in order, ``counts`` how many in turn are one application's. The
    first answer has a column for each field of ``Carried``, words by their place in ``WORDS``; ``NONE`` is none.
    """
    rows = map(Attempt._make, zip(*(column.tolist() for column in attempts.values()), strict=True))
    others: dict[int, Carried] = {}
    shipped: list[tuple[int, list[int]]] = []
    for end, count in zip(np.cumsum(counts).tolist(), counts, strict=True):
        history = History(graph)
        for number, attempt in zip(range(end - count, end), rows, strict=False):
            if not history.advance(number, attempt):
                others[number] = history.take(number, attempt)
        shipped += history.shipped
    numbers, nodes = _flat(shipped)
    return _carried(np.ma.filled(attempts["node"], NONE), others), {"attempt": numbers, "node": nodes}


def _carried(nodes: Numbers, others: dict[int, Carried]) -> Columns:
    """All as usual, but for the others."""
    numbers = np.fromiter(others, np.int64, len(others))
    columns: Columns = {}
    for name, value in usual(np.arange(len(nodes)), nodes)._asdict().items():
        columns[name] = np.full(len(nodes), value if isinstance(value, np.ndarray) else _PLACES[value], np.int32)
        columns[name][numbers] = [_PLACES.get(told, told) for told in (getattr(one, name) for one in others.values())]
    return columns


def brought(graph: Graph, entries: Numbers) -> Columns:
    """What each change reaches and no change below it did, by generation: ancestors before descendants.

    A change right upon another brought itself and no more; the others are walked, none of them beyond a change.
    """
    stops = np.zeros(graph.size + 1, np.uint8)
    stops[entries] = stops[NONE] = 1  # the last place is for those without a parent
    alone = (stops[graph.first[entries]] == 1) & ~np.isin(entries, np.fromiter(graph.merges, np.int32))
    walked, reached = _flat(_reached(graph, entries[~alone].tolist(), bytearray(stops)))
    entry, node = np.concatenate([entries[alone], walked]), np.concatenate([entries[alone], reached])
    order = np.argsort(entry, kind="stable")
    starts = np.flatnonzero(np.diff(entry[order], prepend=NONE))
    place = np.arange(1, len(entry) + 1) - np.repeat(starts, np.diff(starts, append=len(entry)))
    return {"entry": entry[order], "node": node[order], "position": place.astype(np.int32)}


def _reached(graph: Graph, entries: list[int], marked: bytearray) -> list[tuple[int, list[int]]]:
    def generation(node: int) -> int:
        return graph.generation[node]

    found = []
    for entry in sorted(entries, key=generation):
        marked[entry] = 0
        found.append((entry, sorted(graph.mark(entry, marked), key=generation)))
    return found


def _flat(found: list[tuple[int, list[int]]]) -> tuple[Numbers, Numbers]:
    """Numbers with what was found of each, as two columns."""
    sizes = [len(nodes) for _, nodes in found]
    numbers = np.repeat(np.array([number for number, _ in found], np.int32), sizes)
    return numbers, np.fromiter(chain.from_iterable(nodes for _, nodes in found), np.int32, sum(sizes))
