"""What served and who is to blame, against the same questions asked slowly of the whole past."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora.lineage import walk
from dora.lineage.commit_graph import Graph
from dora.lineage.comparison import Attempt, Comparison, Contents, Served
from dora.memory import paused_garbage_collection
from tests.dora.lineage.simulated_history import Parents, SimulatedHistory

DTYPES = {"target": np.int32, "content": np.int32, "template": np.int32, "is_full": np.bool_, "is_reverted": np.bool_}
SEARCHES = settings().max_examples * (10 if settings().max_examples > 500 else 1)


class Record(NamedTuple):
    """The attempts of several applications, what they can serve, and the commits of all repositories."""

    parents: Parents
    contents: Contents
    applications: list[list[Attempt]]


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Two repositories, contents of one or two images or of versions alone, and attempts at three targets."""
    parents: Parents = []
    for start in (0, 8):
        for node in range(start, start + 8):
            ups = st.lists(st.integers(max(start, node - 3), node - 1), max_size=2, unique=True)
            parents.append(draw(ups) if node > start else [])
    first, second = draw(st.permutations(range(8))), draw(st.permutations(range(8, 16)))
    parts = [*((node, 0) for node in first[:6]), (-1, 0), (-1, 0), *((node, 1) for node in second[:3]), (-1, 1)]
    pairs = st.tuples(st.integers(0, 7), st.integers(8, 11)).map(list)
    sets = [[part] for part in range(8)] + draw(st.lists(pairs, max_size=4, unique_by=tuple))
    contents = Contents(sets, [node for node, _ in parts], [slot for _, slot in parts])
    attempts = st.lists(_attempts(len(sets)), max_size=14)
    return Record(parents, contents, [draw(attempts), draw(attempts)])


def _attempts(contents: int) -> st.SearchStrategy[Attempt]:
    content = st.integers(-1, contents - 1)
    often = st.integers(0, 4).map(bool)
    rows = st.builds(Served, st.integers(0, 2), content, st.integers(-1, 1), often, often.map(lambda value: not value))
    served = st.lists(rows, max_size=3, unique_by=lambda row: row.target)
    plain = st.builds(Served, st.integers(0, 1), content, st.just(0), st.just(True), st.just(False)).map(
        lambda row: Attempt([row], True, True)
    )
    return st.one_of(plain, plain, st.builds(_attempt, served, often, often, st.booleans()))


def _attempt(served: Sequence[Served], took_traffic: bool, succeeded: bool, is_undo: bool) -> Attempt:
    succeeded = succeeded and took_traffic and all(row.is_full for row in served)
    return Attempt(served, took_traffic, succeeded, is_undo)


def walked(parents: Parents, contents: Contents, applications: list[list[Attempt]]) -> walk.Columns:
    """Walk the attempts of all applications, as the build does, and return the comparisons and what was shipped."""
    edges = [(child, parent) for child, those in enumerate(parents) for parent in those]
    children, ups = np.array(edges, dtype=np.int32).reshape(-1, 2).T
    attempts = [attempt for of_application in applications for attempt in of_application]
    rows = [row for attempt in attempts for row in attempt.served]
    columns = walk.AttemptColumns(
        counts=[len(of_application) for of_application in applications],
        targets=np.array([len(attempt.served) for attempt in attempts], np.int32),
        took_traffic=np.array([attempt.took_traffic for attempt in attempts], bool),
        succeeded=np.array([attempt.succeeded for attempt in attempts], bool),
        is_undo=np.array([attempt.is_undo for attempt in attempts], bool),
        served={name: np.array([getattr(row, name) for row in rows], DTYPES[name]) for name in Served._fields},
    )
    compared, shipped = walk.walk_attempts(Graph(len(parents), children, ups), contents, columns)
    return compared | {f"shipped_{name}": column for name, column in shipped.items()}


def compared(columns: walk.Columns) -> list[Comparison]:
    """Return the rows of the columns, words for their numbers."""
    rows = zip(*(columns[name].tolist() for name in Comparison._fields), strict=True)
    comparisons = (Comparison(*(None if value < 0 else value for value in row)) for row in rows)
    return [
        row._replace(
            change=None if row.change is None else walk.WORDS[int(row.change)],
            direction=None if row.direction is None else walk.WORDS[int(row.direction)],
        )
        for row in comparisons
    ]


def shipped(columns: walk.Columns) -> dict[int, list[int]]:
    """Return the commits of each attempt, sorted."""
    commits: dict[int, list[int]] = {}
    for attempt, node in zip(columns["shipped_attempt"].tolist(), columns["shipped_node"].tolist(), strict=True):
        commits.setdefault(attempt, []).append(node)
    return {attempt: sorted(nodes) for attempt, nodes in commits.items()}


@settings(max_examples=SEARCHES)
@given(records())
def test_the_walk_is_what_the_whole_past_says(record: Record) -> None:
    """Change, direction, previous, restored, blamed and shipped are those that a search of everything before finds."""
    expected: list[Comparison] = []
    expected_commits: dict[int, list[int]] = {}
    for attempts in record.applications:
        history = SimulatedHistory(record.parents, record.contents)
        for attempt in attempts:
            expected.append(history.append(len(expected), attempt))
        expected_commits |= {number: sorted(nodes) for number, nodes in history.shipped if nodes}
    columns = walked(*record)
    assert compared(columns) == expected
    assert shipped(columns) == expected_commits


# Contents 0 to 5 are commits of one line, 6 and 7 versions without commits, 8 to 11 of two images each.
LINE: Parents = [[], [0], [1], [2], [3], [4]]
PARTS = Contents(
    parts=[[0], [1], [2], [3], [4], [5], [6], [7], [6, 8], [7, 8], [6, 9], [7, 9]],
    node=[0, 1, 2, 3, 4, 5, -1, -1, -1, -1],
    slot=[0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
)


def full(*contents: int, target: int = 0, template: int = 0) -> list[Attempt]:
    """Deployments that served a target in full."""
    return [Attempt([Served(target, content, template)], took_traffic=True, succeeded=True) for content in contents]


def undo(content: int, target: int = 0, template: int = 0) -> Attempt:
    return full(content, target=target, template=template)[0]._replace(is_undo=True)


def part(content: int) -> Attempt:
    """A deployment that took a part of the traffic and broke."""
    return Attempt([Served(0, content, 0, is_full=False)], took_traffic=True, succeeded=False)


def compare(*attempts: Attempt) -> list[Comparison]:
    return compared(walked(LINE, PARTS, [list(attempts)]))


def blame(comparison: Comparison) -> tuple[int | None, int | None, int | None]:
    return comparison.restored, comparison.blamed_first, comparison.blamed_last


def test_a_rollback_blames_the_first_and_the_last_since_what_it_restores() -> None:
    """After 0, 1, 2, a restart and 0 again: 0 is restored, 1 was the first to leave it, 2 the last (E1)."""
    restart = Attempt([], took_traffic=True, succeeded=True)
    rows = compare(*full(0, 1, 2), restart, *full(0))
    assert (rows[3].change, rows[3].previous, rows[3].node) == ("same", 2, 2)
    assert (rows[4].change, rows[4].direction, blame(rows[4])) == ("back", "back", (0, 1, 2))


def test_the_last_time_that_it_served_counts() -> None:
    """0, 1, 0, 2, 0: the second rollback takes back 2 alone (E1)."""
    rows = compare(*full(0, 1, 0, 2, 0))
    assert [blame(row) for row in rows[2:]] == [(0, 1, 1), (None, None, None), (2, 3, 3)]


def test_what_never_served_there_blames_who_brought_what_it_lacks() -> None:
    """1 and 5 served, then commit 3, which never did: 5 brought what it lacks (known decision, E1)."""
    rows = compare(*full(1, 5, 3))
    assert (rows[2].change, blame(rows[2])) == ("back", (None, 1, 1))


def test_what_took_a_part_only_is_taken_back_by_the_undo() -> None:
    """0 serves, 1 and 2 break half-way, and 0 is restored: 1 was the first, 2 the last; nobody is blamed twice."""
    rows = compare(*full(0), part(1), part(2), undo(0), undo(0))
    assert [blame(row) for row in rows[3:]] == [(0, 1, 2), (3, None, None)]


def test_undoing_a_promotion_blames_who_brought_the_content() -> None:
    """Target 1 gets 1 from target 0 and goes back to 0: the deployment that brought 1 is blamed, not the promotion."""
    rows = compare(*full(0), *full(0, target=1), *full(1), *full(1, target=1), undo(0, target=1))
    assert [row.change for row in rows] == ["new", "promotion", "new", "promotion", "back"]
    assert (blame(rows[4]), rows[4].previous) == ((1, 2, 2), 3)


def test_regions_that_follow_one_another_are_promotions() -> None:
    """The same versions at a second target, later: nothing goes back (T1, D5)."""
    rows = compare(*full(0, 1, 2), *full(0, 1, 2, target=1))
    assert [row.change for row in rows] == ["new", "new", "new", "promotion", "promotion", "promotion"]


def test_a_promotion_joins_who_brought_it_while_that_serves() -> None:
    """Never to a target first seen, and only until newer content serves the first target (D6)."""
    rows = compare(*full(0), *full(0, target=1), *full(1), *full(1, target=1), *full(2, 3), *full(2, target=1))
    assert [row.joins for row in rows] == [None, None, None, 2, None, None, None]


def test_a_template_that_returns_is_configuration_unless_a_stage_undid_it() -> None:
    """The same image with other templates: no change goes back; an undo takes the template of before back."""
    rows = compare(*full(0), *full(0, template=1), *full(0), *full(0, template=1), undo(0))
    assert [row.change for row in rows] == ["new", "template", "template", "template", "template"]
    assert [blame(row) for row in rows[2:]] == [(None, None, None), (None, None, None), (2, 3, 3)]


def test_forward_again_is_no_rollback_and_ships_nothing() -> None:
    """0, 1, 0, 1: the last goes ahead to what served before (D5)."""
    columns = walked(LINE, PARTS, [full(0, 1, 0, 1)])
    assert [row.change for row in compared(columns)] == ["new", "new", "back", "forward"]
    assert shipped(columns) == {0: [0], 1: [1]}


def test_versions_without_commits_are_ordered_by_when_they_first_served() -> None:
    """The first to serve is behind the second, wherever they served (C7)."""
    rows = compare(*full(6, 7, 6, 7), *full(7, 6, target=1))
    assert [row.change for row in rows] == ["new", "new", "back", "forward", "promotion", "back"]


def test_of_two_images_one_ahead_and_one_back_goes_ahead() -> None:
    """Back only if an image is back and none is ahead; a new set of images that served apart is new (C7, D5)."""
    rows = compare(*full(8, 9, 10, 11, 9, 8))
    assert [row.change for row in rows] == ["new", "new", "new", "new", "back", "back"]


def test_what_its_own_execution_took_back_does_not_serve() -> None:
    """0, then 1 undone in its run: 0 again is the same, and 1 again is new to nobody: it goes forward."""
    undone = Attempt([Served(0, 1, 0, is_full=True, is_reverted=True)], took_traffic=True, succeeded=True)
    rows = compare(*full(0), undone, *full(0, 1, 0))
    assert [row.change for row in rows] == ["new", "new", "same", "forward", "back"]
    assert blame(rows[4]) == (2, 3, 3)


def test_a_failed_deployment_serves_but_ships_nothing() -> None:
    """The same commit deployed well afterwards still ships it; it never served in full, so it is new again."""
    columns = walked(LINE, PARTS, [[*full(0), part(2), *full(2)]])
    assert [row.change for row in compared(columns)] == ["new", "new", "new"]
    assert shipped(columns) == {0: [0], 2: [1, 2]}


def test_a_side_branch_without_anything_new_is_diverged() -> None:
    """Neither ancestor nor descendant of what serves, and shipped before by a merge."""
    parents: Parents = [[], [0], [0], [1, 2]]
    rows = compared(walked(parents, PARTS, [full(3, 1, 2)]))
    assert [row.direction for row in rows] == ["first", "back", "diverged"]


def _rolled_back(size: int) -> list[Attempt]:
    """Every release is taken back."""
    return [each for content in range(1, size // 2) for each in (*full(content), undo(content - 1))]


def _switched_far(size: int) -> list[Attempt]:
    """The newest version and ever another old one serve in turn."""
    old = [each for content in range(0, size // 2, 2) for each in (*full(content), *full(size - 1))]
    return [*full(*range(0, size // 2)), *old]


def _never_served(size: int) -> list[Attempt]:
    """Every second commit serves; then those between, each after the newest."""
    return [*full(*range(0, size, 2)), *(each for odd in range(1, size, 4) for each in (*full(odd), *full(size - 2)))]


def _broken(size: int) -> list[Attempt]:
    """Many tries break half-way and are taken back."""
    return [*full(0), *(part(content) for content in range(1, size // 2)), *(undo(0) for _ in range(size // 2))]


SEQUENCES = {
    "rolled back": _rolled_back,
    "switched far": _switched_far,
    "never served": _never_served,
    "broken": _broken,
}


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES)
def test_time_grows_with_the_number_of_attempts_only(sequence: Callable[[int], list[Attempt]]) -> None:
    """Thousands of rollbacks over thousands of versions, far ones and such as never served, take linear time."""
    small, large = (min(_seconds(sequence(size), size) for _ in range(3)) for size in (2_500, 10_000))
    assert large < 8 * small  # four times the attempts: linear is 4, quadratic 16


def _seconds(attempts: list[Attempt], size: int) -> float:
    parents: Parents = [[node - 1] if node else [] for node in range(size)]
    contents = Contents([[part] for part in range(size)], list(range(size)), [0] * size)
    with paused_garbage_collection():
        start = time.process_time()
        walked(parents, contents, [attempts])
        return time.process_time() - start
