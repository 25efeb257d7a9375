"""What served and who is to blame, against the same questions asked slowly of the whole past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dora.lineage.commit_graph import Graph
from dora.lineage.history import Attempt, DeployedContent, History, ordinary_release

NONE = Attempt(None, "missing", None, True, True, True, False, None, None, None)


def commit(node: int, **more: object) -> Attempt:
    return NONE._replace(node=node, attribution="commit", **more)


def line(size: int) -> Graph:
    """A straight history: commit n has the parent n - 1."""
    return Graph(size, np.arange(1, size, dtype=np.int32), np.arange(size - 1, dtype=np.int32))


def served(graph: Graph, *attempts: Attempt) -> list[DeployedContent]:
    history = History(graph)
    return [
        ordinary_release(number, attempt.node)
        if history.append_release(number, attempt)
        else history.append(number, attempt)
        for number, attempt in enumerate(attempts)
    ]


RELEASE, UNDO = (
    st.integers(0, 5).map(commit),
    st.integers(1, 3).map(lambda steps: NONE._replace(explicit_rollback=True, steps_back=steps)),
)
ATTEMPTS = st.lists(
    st.one_of(
        RELEASE,
        UNDO,
        st.sampled_from("abc").map(lambda version: NONE._replace(version=version)),
        st.just(NONE),
        st.just(NONE._replace(alters=False)),
        st.integers(0, 5).map(lambda node: commit(node, took_traffic=False, succeeded=False)),
        st.integers(0, 5).map(lambda node: commit(node, succeeded=False)),
        st.integers(0, 5).map(lambda node: commit(node, succeeded=False, reverted_in_run=True)),
        st.sampled_from("abc").map(lambda version: NONE._replace(version=version, reverted_in_run=True)),
    ),
    max_size=12,
)


@dataclass
class Past:
    """Who served which content, in order: all that the slow answers need."""

    who: list[int]
    what: list[object]
    whole: list[bool]

    def since(self) -> int:
        """First of the unbroken run that serves now."""
        place = len(self.what) - 1
        while place and self.what[place - 1] == self.what[-1]:
            place -= 1
        return self.who[place]

    def deployed(self) -> int:
        """Last who deployed what serves, more than a restart and to the end; where none did, the first to bring it."""
        places = [place for place, what in enumerate(self.what) if what == self.what[-1]]
        return self.who[next((place for place in reversed(places) if self.whole[place]), places[0])]

    def recent(self) -> list[object]:
        """Distinct contents, the one that served last first."""
        return list(dict.fromkeys(reversed(self.what)))


def content(past: Past, number: int, attempt: Attempt) -> object:
    if not attempt.alters and past.what:
        return past.what[-1]
    if attempt.node is not None:
        return attempt.node
    if attempt.explicit_rollback and attempt.steps_back and len(past.recent()) > attempt.steps_back:
        return past.recent()[attempt.steps_back]
    return attempt.version or ("nobody knows", number)


@given(ATTEMPTS)
def test_the_history_is_what_the_whole_past_says(attempts: list[Attempt]) -> None:
    """Previous, content, restored and blamed are those that a search through everything before would find."""
    past = Past([], [], [])
    for number, (attempt, got) in enumerate(zip(attempts, served(line(6), *attempts), strict=True)):
        if not attempt.took_traffic:
            assert got == DeployedContent(attempt.node, "commit")
            continue
        what = content(past, number, attempt)
        places = [place for place, other in enumerate(past.what) if other == what]
        returns = bool(places) and past.what[-1] != what
        assert got.previous == (past.since() if past.who else None)
        assert got.replaced == (past.deployed() if past.who else None)
        assert got.content == (past.who[places[0]] if places else number)
        assert got.restored == (past.who[places[-1]] if returns else None)
        assert got.blamed_first == (past.who[places[-1] + 1] if returns else None)
        assert got.blamed_last == (past.since() if returns else None)
        if not attempt.reverted_in_run:
            past.who.append(number)
            past.what.append(what)
            past.whole.append(attempt.alters and attempt.succeeded)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12))
def test_directions_on_a_line_follow_from_positions(steps: list[tuple[int, bool]]) -> None:
    """On a straight history: beyond all that was shipped is ahead, else positions are compared with what serves."""
    shipped, now = -1, -1
    got = served(line(6), *(commit(node, succeeded=good) for node, good in steps))
    for (node, good), deployed in zip(steps, got, strict=True):
        if now == -1:
            expected = "first"
        elif node > shipped:
            expected = "ahead"
        else:
            expected = "same" if node == now else "back" if node < now else "ahead"
        assert deployed.direction == expected
        shipped, now = max(shipped, node) if good else shipped, node


def test_a_rollback_blames_first_and_last() -> None:
    """After 0, 1, 2, a restart, then 0 again: 0 is restored, 1 was the first to leave it, 2 the last before."""
    got = served(line(3), commit(0), commit(1), commit(2), NONE._replace(alters=False), commit(0))
    assert got[3] == DeployedContent(2, "version", "same", previous=2, replaced=2, content=2)
    assert got[4] == DeployedContent(
        0, "commit", "back", previous=2, replaced=2, content=0, restored=0, blamed_first=1, blamed_last=2
    )


def test_undoing_twice_toggles() -> None:
    """Kubernetes renumbers the restored revision to the newest, so one step back twice is where it began."""
    undo = NONE._replace(explicit_rollback=True, steps_back=1)
    got = served(line(3), commit(0), commit(1), commit(2), undo, undo, undo._replace(steps_back=2))
    assert [deployed.node for deployed in got] == [0, 1, 2, 1, 2, 0]
    assert [deployed.attribution for deployed in got[3:]] == ["restored"] * 3
    assert [deployed.direction for deployed in got[3:]] == ["back", "ahead", "back"]


def test_a_rollback_returns_to_the_group_it_names() -> None:
    """The named group wins over the commit of whatever triggered the rollback, and over a number of steps."""
    named = NONE._replace(explicit_rollback=True, restores="v0", steps_back=1, server_group="v3")
    got = served(
        line(3),
        *(commit(node, server_group=f"v{node}") for node in range(3)),
        named._replace(node=2, attribution="commit"),
        commit(1),
        named._replace(restores="v3"),
        named._replace(restores="v9"),
    )
    assert [deployed.node for deployed in got] == [0, 1, 2, 0, 1, 0, 1]
    assert got[5].restored == 3


def test_more_steps_than_there_were_contents_is_not_known() -> None:
    """A rollback beyond what was ever seen restores nothing that we could name."""
    undo = NONE._replace(explicit_rollback=True, steps_back=2)
    (_, got) = served(line(2), commit(0), undo)
    assert got == DeployedContent(None, "missing", "unknown", previous=0, replaced=0, content=1)


def test_a_version_brings_the_commit_it_once_had() -> None:
    """The same version as an earlier deployment with a known commit is that commit."""
    got = served(line(3), commit(1, version="v1"), commit(2), NONE._replace(version="v1"))
    assert got[2] == DeployedContent(
        1, "version", "back", previous=1, replaced=1, content=0, restored=0, blamed_first=1, blamed_last=1
    )


def test_versions_alone_tell_same_from_served_before() -> None:
    """Without any commit: the version that serves is the same, one that served is back, a new one is not known."""
    attempts = [NONE._replace(version=version) for version in "abba"]
    assert [deployed.direction for deployed in served(line(1), *attempts)] == ["first", "unknown", "same", "back"]


def test_an_explicit_rollback_to_a_version_goes_where_it_served() -> None:
    """The version counts before the number of steps; one that never served here is no step back."""
    undo = NONE._replace(explicit_rollback=True, steps_back=1)
    releases = [NONE._replace(version=version) for version in "abc"]
    got = served(line(1), *releases, undo._replace(version="a"), undo._replace(version="z"))
    assert (got[3].restored, got[3].attribution) == (0, "restored")
    assert (got[4].restored, got[4].direction) == (None, "unknown")


def test_a_failed_deployment_serves_but_ships_nothing() -> None:
    """The same commit deployed well afterwards still goes ahead and ships it."""
    history = History(line(3))
    history.append(0, commit(0))
    failed = history.append(1, commit(2, succeeded=False))
    again = history.append(2, commit(2))
    assert (failed.direction, again.direction, again.content) == ("ahead", "ahead", 1)
    assert [(number, sorted(nodes)) for number, nodes in history.shipped] == [(0, [0]), (2, [1, 2])]


def test_a_restart_ships_nothing_whatever_triggered_it() -> None:
    """A restart keeps the content that serves, even where its trigger names another commit."""
    history = History(line(3))
    history.append(0, commit(0))
    assert history.append(1, commit(2, alters=False)).node == 0
    assert [number for number, _ in history.shipped] == [0]


def test_what_was_undone_leaves_what_serves_as_it_was() -> None:
    """0 serves, 1 is undone: 0 again is the same, 1 again is no return to it, and it is not to blame for what 2 did."""
    got = served(line(3), commit(0), commit(1, reverted_in_run=True), commit(0), commit(1), commit(2), commit(0))
    assert [deployed.direction for deployed in got] == ["first", "ahead", "same", "ahead", "ahead", "back"]
    assert [deployed.previous for deployed in got] == [None, 0, 0, 0, 3, 4]
    assert (got[3].restored, got[5].restored, got[5].blamed_first) == (None, 2, 3)


def test_what_was_undone_after_all_traffic_has_shipped() -> None:
    """As a deployment has that is rolled back by a later one; one that broke before has not."""
    history = History(line(4))
    for number, attempt in enumerate(
        (commit(0), commit(1, reverted_in_run=True), commit(3, succeeded=False, reverted_in_run=True))
    ):
        history.append(number, attempt)
    assert [(number, sorted(nodes)) for number, nodes in history.shipped] == [(0, [0]), (1, [1])]


def test_a_version_that_was_undone_and_comes_again_is_no_rollback() -> None:
    """Without commits a version that served before is older; one that was undone never stayed."""
    attempts = [NONE._replace(version=version, reverted_in_run=version == "b") for version in "ab"]
    got = served(line(1), *attempts, NONE._replace(version="b"))
    assert (got[2].direction, got[2].restored) == ("unknown", None)


def test_a_group_that_was_undone_is_not_returned_to() -> None:
    """A rollback that names it can not be followed; it did not stay."""
    undone = commit(1, server_group="v1", reverted_in_run=True)
    back = NONE._replace(explicit_rollback=True, restores="v1")
    assert served(line(2), commit(0, server_group="v0"), undone, back)[2].node is None


def test_a_side_branch_without_anything_new_is_aside() -> None:
    """Neither ancestor nor descendant of what serves, and shipped before by a merge: aside."""
    graph = Graph(4, np.array([1, 2, 3, 3], np.int32), np.array([0, 0, 1, 2], np.int32))
    got = served(graph, commit(3), commit(1), commit(2))
    assert [deployed.direction for deployed in got] == ["first", "back", "diverged"]
