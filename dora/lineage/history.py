"""What serves production, one application at a time: attempts in order in, their contents and directions out. Pure.

The kind of a deployment (rollback, release …) is decided from these in ``dora/sql/models/deployments.sql``.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

from dora.lineage.commit_graph import Graph

Content = int | str  # a node of the graph, else a version; else ``-number - 1``, a key that no other attempt has


class Attribution(StrEnum):
    """How the commit of an attempt is known, or why it is not."""

    COMMIT = "commit"
    VERSION = "version"
    RESTORED = "restored"
    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Where an attempt went, compared with the content that served before it."""

    FIRST = "first"
    AHEAD = "ahead"
    SAME = "same"
    BACK = "back"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


class Attempt(NamedTuple):
    """One attempt to change what serves; ``node`` is its commit in the graph, ``attribution`` how that was resolved.

    ``alters`` is false for a restart, which keeps the content; ``restores`` is the server group that it went back to.
    ``reverted_in_run``: before it ended, it restored the content that had served before.
    """

    node: int | None
    attribution: str
    version: str | None
    took_traffic: bool
    succeeded: bool
    alters: bool
    explicit_rollback: bool
    restores: str | None
    server_group: str | None
    steps_back: int | None
    reverted_in_run: bool = False


class DeployedContent(NamedTuple):
    """What an attempt deployed; other attempts are given by number, null if there is none.

    ``previous`` started the interval that served before. ``replaced`` is the last attempt that deployed that content
    completely, again or with another configuration; if none did, the first that introduced it. ``content`` is the
    attempt that introduced this content. Of a content that served earlier, ``restored`` is the last attempt that
    confirmed it, and ``blamed_first`` and ``blamed_last`` are the first and the last that it takes back.
    """

    node: int | None
    attribution: str
    direction: str | None = None
    previous: int | None = None
    replaced: int | None = None
    content: int | None = None
    restored: int | None = None
    blamed_first: int | None = None
    blamed_last: int | None = None


def ordinary_release(number: Any, node: Any) -> DeployedContent:
    """Return the content of an attempt that ``History.append_release`` took; of one attempt, or of columns of them."""
    before = number - 1
    return DeployedContent(node, Attribution.COMMIT, Direction.AHEAD, before, before, content=number)


class ServingInterval:
    """The latest interval in which one content served; attempts are given by number."""

    __slots__ = (
        "content", "introduced_by", "last_confirmed_by", "last_deployed_by", "node", "replaced_by", "started_by",
    )  # fmt: skip

    def __init__(self, content: Content, node: int | None, number: int) -> None:
        self.content, self.node = content, node
        self.introduced_by = number  # the first attempt ever with this content
        self.started_by = number
        self.last_deployed_by = number  # the last that deployed it completely
        self.last_confirmed_by = number
        self.replaced_by: int | None = None


class History:
    """The serving history of one application.

    Contents are identified by commit if it is known, else by version; one without either is a content of its own.
    ``shipped`` collects (attempt, commits) that the attempt shipped first.
    """

    def __init__(self, graph: Graph) -> None:
        self.shipped: list[tuple[int, list[int]]] = []
        self._graph, self._reached = graph, bytearray(graph.size)
        self._versions: dict[str, int] = {}
        self._groups: dict[str, Content] = {}
        self._intervals: dict[Content, ServingInterval] = {}  # in order of last serving: the last one serves now
        self._current: ServingInterval | None = None

    def append_release(self, number: int, attempt: Attempt) -> bool:
        """Append the next attempt if it is an ordinary release, and return whether it is.

        Nearly all are: a commit ahead of all that was shipped, deployed completely, right after an attempt that started
        what serves now. Its content is ``ordinary_release``; any other attempt is left to ``append``.
        """
        # Unpacked once: this runs for each of millions of attempts, and fields of a tuple are slower one by one.
        node, _, version, took_traffic, succeeded, alters, _, restores, group, _, reverted_in_run = attempt
        before = self._current
        if node is None or before is None or restores is not None:
            return False
        if not before.started_by == before.last_deployed_by == number - 1:
            return False
        if reverted_in_run or not (took_traffic and succeeded and alters):
            return False
        if self._reached[node] or node in self._intervals:
            return False
        if version is not None:
            self._versions[version] = node
        if group is not None:
            self._groups[group] = node
        before.replaced_by = number
        self._intervals[node] = self._current = ServingInterval(node, node, number)
        self.shipped.append((number, self._graph.mark(node, self._reached)))
        return True

    def append(self, number: int, attempt: Attempt) -> DeployedContent:
        """Append the next attempt; ``number`` must be above those of all earlier ones."""
        content, node, attribution = self._identify(number, attempt)
        if attempt.version is not None and node is not None:
            self._versions[attempt.version] = node
        if not attempt.took_traffic:
            return DeployedContent(node, attribution)
        direction = self._direction(attempt, content, node)
        deployed = self._compare(number, content, DeployedContent(node, attribution, direction))
        if not attempt.reverted_in_run:
            self._serve(number, content, node, complete=attempt.alters and attempt.succeeded)
            if attempt.server_group is not None:
                self._groups[attempt.server_group] = content
        if attempt.succeeded and attempt.alters and node is not None:
            self.shipped.append((number, self._graph.mark(node, self._reached)))
        return deployed

    def _identify(self, number: int, attempt: Attempt) -> tuple[Content, int | None, str]:
        """Return the content of an attempt, its commit, and how that is known; the strongest evidence first."""
        current = self._current
        if not attempt.alters and current:  # a restart has no commit of its own: it takes over what serves
            attribution = Attribution.MISSING if current.node is None else Attribution.VERSION
            return current.content, current.node, attribution
        if attempt.restores in self._groups:
            interval = self._intervals[self._groups[attempt.restores]]
            return interval.content, interval.node, Attribution.RESTORED
        if attempt.node is not None:
            return attempt.node, attempt.node, attempt.attribution
        if attempt.attribution == Attribution.MISSING and attempt.version in self._versions:
            node = self._versions[attempt.version]
            return node, node, Attribution.VERSION
        if attempt.explicit_rollback and (target := self._rollback_target(attempt)):
            return target.content, target.node, Attribution.RESTORED
        return -number - 1 if attempt.version is None else attempt.version, None, attempt.attribution

    def _rollback_target(self, attempt: Attempt) -> ServingInterval | None:
        """Return what a rollback without a commit restored: its version, else so many contents before the current one.

        Each content counts once, by its latest interval: Kubernetes renumbers a restored revision to the newest.
        """
        if attempt.version is not None:
            return self._intervals.get(attempt.version)
        steps = attempt.steps_back or 0
        return next(islice(reversed(self._intervals.values()), steps, None), None) if steps > 0 else None

    def _direction(self, attempt: Attempt, content: Content, node: int | None) -> Direction:
        current = self._current
        if current is None:
            return Direction.FIRST
        if not attempt.alters:
            return Direction.SAME
        if node is not None and not self._reached[node]:
            return Direction.AHEAD
        if content == current.content:
            return Direction.SAME
        if node is None or current.node is None:
            return Direction.BACK if content in self._intervals else Direction.UNKNOWN
        return self._compare_commits(node, current.node)

    def _compare_commits(self, node: int, current: int) -> Direction:
        # An ancestor has a lower generation, so at most one of the two walks through the graph is needed.
        generation = self._graph.generation
        if generation[node] <= generation[current] and self._graph.reaches(current, node):
            return Direction.BACK
        if generation[node] >= generation[current] and self._graph.reaches(node, current):
            return Direction.AHEAD
        return Direction.DIVERGED

    def _compare(self, number: int, content: Content, deployed: DeployedContent) -> DeployedContent:
        """Add what served before the attempt, and for a content that served earlier, the attempts that replaced it."""
        before, interval = self._current, self._intervals.get(content)
        deployed = deployed._replace(content=interval.introduced_by if interval else number)
        if before:
            deployed = deployed._replace(previous=before.started_by, replaced=before.last_deployed_by)
        if before and interval and interval is not before:
            deployed = deployed._replace(
                restored=interval.last_confirmed_by, blamed_first=interval.replaced_by, blamed_last=before.started_by
            )
        return deployed

    def _serve(self, number: int, content: Content, node: int | None, *, complete: bool) -> None:
        before, interval = self._current, self._intervals.pop(content, None)
        if interval is None:
            interval = ServingInterval(content, node, number)
        elif interval is not before:
            interval.started_by = number
        if before and before is not interval:
            before.replaced_by = number
        interval.last_deployed_by = number if complete else interval.last_deployed_by
        interval.last_confirmed_by = number
        self._intervals[content] = self._current = interval
