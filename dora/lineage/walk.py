"""The walk over the attempts of every application and over every change, numbers in and numbers out. Pure.

Columns, not rows, wherever no history has to be followed: of millions of attempts nearly all are ordinary releases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from dora.lineage.commit_graph import NONE, Graph, Numbers
from dora.lineage.comparison import Attempt, Change, Comparison, Contents, Direction, Served, ordinary_release
from dora.lineage.history import History

Columns = dict[str, Numbers]
Flags = npt.NDArray[np.bool_]
# Words are columns of small numbers while the walk lasts: their place in this list. Some are words of both.
WORDS = list(dict.fromkeys(map(str, (*Change, *Direction))))
_CODES: dict[Any, int] = {None: NONE} | {word: place for place, word in enumerate(WORDS)}


@dataclass(frozen=True)
class AttemptColumns:
    """Attempts in order, those of one application after those of another, and what each put into service.

    ``counts`` has the number of attempts of each application, ``targets`` of each attempt the number of its rows in
    ``served``, which has the columns of ``Served``.
    """

    counts: Sequence[int]
    targets: Numbers
    took_traffic: Flags
    succeeded: Flags
    is_undo: Flags
    served: dict[str, npt.NDArray[Any]]


def walk_attempts(graph: Graph, contents: Contents, history: AttemptColumns) -> tuple[Columns, Columns]:
    """Return how each attempt compares with what served before it, and the commits that each shipped first.

    The first result has a column for each field of ``Comparison``, words by their place in ``WORDS``; ``NONE`` is null.
    """
    served = list(map(Served._make, zip(*(history.served[name].tolist() for name in Served._fields), strict=True)))
    ends = np.cumsum(history.targets)
    starts, is_plain = (ends - history.targets).tolist(), _plain_attempts(history, ends).tolist()
    exceptions: dict[int, Comparison] = {}
    previous = [NONE] * len(starts)
    shipped: list[tuple[int, list[int]]] = []
    reached = bytearray(graph.size)
    for end, count in zip(np.cumsum(history.counts).tolist(), history.counts, strict=True):
        of_application = History(graph, contents, reached)
        append_release = of_application.append_release
        for number in range(end - count, end):
            start = starts[number]
            before = append_release(number, served[start]) if is_plain[number] else None
            if before is None:
                rows = served[start : start + int(history.targets[number])]
                flags = (bool(column[number]) for column in (history.took_traffic, history.succeeded, history.is_undo))
                exceptions[number] = of_application.append(number, Attempt(rows, *flags))
            else:
                previous[number] = before
        # To clear what was reached costs less than to allocate marks of the whole graph for each application.
        for _, commits in of_application.shipped:
            for node in commits:
                reached[node] = 0
        shipped += of_application.shipped
    numbers, nodes = _flatten(shipped)
    ordinary = ordinary_release(np.arange(len(starts)), _first_nodes(contents, history, ends), np.array(previous))
    return _comparison_columns(len(starts), ordinary, exceptions), {"attempt": numbers, "node": nodes}


def _plain_attempts(history: AttemptColumns, ends: Numbers) -> Flags:
    """Return which attempts put one target into service in full: only they can be ordinary releases."""
    is_plain: Flags = (history.targets == 1) & history.took_traffic & history.succeeded & ~history.is_undo
    places = ends[is_plain] - 1
    is_plain[is_plain] = history.served["is_full"][places] & ~history.served["is_reverted"][places]
    return is_plain


def _first_nodes(contents: Contents, history: AttemptColumns, ends: Numbers) -> Numbers:
    """Return the commit of the first part of what each attempt served, ``NONE`` if there is none."""
    nodes = np.array([contents.node[parts[0]] for parts in contents.parts] + [NONE], np.int32)
    first = np.full(len(ends), NONE, np.int32)
    some = history.targets > 0
    first[some] = nodes[history.served["content"][ends[some] - history.targets[some]]]
    return first


def _comparison_columns(size: int, ordinary: Comparison, exceptions: dict[int, Comparison]) -> Columns:
    """Fill every column as for ordinary releases, then write the exceptions into it."""
    numbers = np.fromiter(exceptions, np.int64, len(exceptions))
    columns: Columns = {}
    for name, value in ordinary._asdict().items():
        columns[name] = np.full(size, value if isinstance(value, np.ndarray) else _CODES[value], np.int32)
        values = (getattr(comparison, name) for comparison in exceptions.values())
        columns[name][numbers] = [_CODES.get(value, value) for value in values]
    return columns


def included_commits(graph: Graph, changes: Numbers) -> Columns:
    """Return the commits that each change reaches and no change below it does, ancestors before descendants.

    ``generation`` is that of the change: on one branch a later change has a higher one.

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
    return {
        "change": change[order],
        "node": node[order],
        "position": position.astype(np.int32),
        "generation": np.asarray(generation, np.int32)[change[order]],
    }


def _flatten(groups: list[tuple[int, list[int]]]) -> tuple[Numbers, Numbers]:
    sizes = [len(nodes) for _, nodes in groups]
    numbers = np.repeat(np.array([number for number, _ in groups], np.int32), sizes)
    return numbers, np.fromiter(chain.from_iterable(nodes for _, nodes in groups), np.int32, sum(sizes))
