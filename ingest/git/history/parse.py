"""Turn commits into changes: what each change includes and repeats, and if its time is plausible. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ingest.commits.message import label_change
from ingest.git.history.documents import ChangeColumns
from ingest.git.history.log import ChangeSize, Commits, Log

EARLIEST = 315_532_800  # 1980; no history that was imported into git begins earlier
Authorship = tuple[str, int | None]  # author name and author time in epoch seconds; a cherry-pick keeps both


class IncludedCommits(NamedTuple):
    """What each change includes, column by column: the commits that no earlier change of its line includes.

    ``first_authored_at`` is their earliest plausible author time, ``counts`` their number. ``merge_time_issues``
    say why the change's own time is not plausible.
    """

    first_authored_at: list[int | None]
    counts: list[int]
    merge_time_issues: list[str | None]

    def slice(self, rows: slice) -> IncludedCommits:
        """Return these rows of each column."""
        return IncludedCommits(self.first_authored_at[rows], self.counts[rows], self.merge_time_issues[rows])


class ChangeScope(NamedTuple):
    """The paths that a change touched and the applications that own them; null if they are not configured."""

    paths: list[str] | None = None
    applications: list[str] | None = None


class Clock(NamedTuple):
    """The plausible times: at most ``now`` in epoch seconds, plus the ``skew`` seconds by which clocks may differ."""

    now: float
    skew: float

    def plausible(self, times: list[int | None]) -> list[int | None]:
        """Replace each implausible time by null."""
        latest = self.now + self.skew
        return [time if time is not None and EARLIEST <= time <= latest else None for time in times]

    def find_issue(self, time: int | None, parent_time: int | None) -> str | None:
        """Return why a time is not plausible, alone or after the parent's time; null if it is."""
        if time is None:
            return "unreadable"
        if time < EARLIEST:
            return "too_early"
        if time > self.now + self.skew:
            return "in_future"
        return "before_parent" if parent_time is not None and time < parent_time - self.skew else None


def sort_oldest_first(newest_first: Sequence[str], branches: Mapping[str, str]) -> list[str]:
    """Return the changes branch by branch, each from its oldest on; ``branches`` is the branch of each change."""
    lines: dict[str, list[str]] = {}
    for sha in newest_first:
        lines.setdefault(branches[sha], []).append(sha)
    return [sha for line in lines.values() for sha in reversed(line)]


def find_included_commits(
    changes: Sequence[str], log: Log, parent_times: Mapping[str, int | None], clock: Clock
) -> IncludedCommits:
    """Return what each change of a line, oldest first, includes, as far as ``log`` goes.

    ``parent_times`` are the committer times of first parents that the log does not contain.
    """
    rows = [*map(log.row_of.__getitem__, changes)]
    # A commit with one parent, as most are, has its row here; a root, a merge or an unread parent has null.
    only_parents = [*map(log.row_of.get, log.commits.parents)]
    authored_at = clock.plausible(log.commits.authored_at)
    included = IncludedCommits(
        first_authored_at=[authored_at[row] for row in rows],
        counts=[1] * len(rows),
        merge_time_issues=_find_merge_time_issues(rows, only_parents, log, parent_times, clock),
    )
    for index, commit_rows in _find_larger_changes(rows, only_parents, log):
        included.first_authored_at[index] = min(filter(None, map(authored_at.__getitem__, commit_rows)), default=None)
        included.counts[index] = len(commit_rows)
    return included


def _find_larger_changes(
    change_rows: Iterable[int], only_parents: Sequence[int | None], log: Log
) -> Iterator[tuple[int, list[int]]]:
    """Yield the index of each change that includes more than itself, and the rows of the commits it includes."""
    visited = bytearray(len(only_parents))
    for index, change_row in enumerate(change_rows):
        visited[change_row] = True
        only_parent = only_parents[change_row]
        if only_parent is not None and visited[only_parent]:
            continue
        commit_rows = [change_row]
        for row in commit_rows:  # grows while it is walked
            only_parent = only_parents[row]
            parents = map(log.row_of.get, log.commits.parents[row].split()) if only_parent is None else (only_parent,)
            for parent in parents:
                if parent is not None and not visited[parent]:
                    visited[parent] = True
                    commit_rows.append(parent)
        if len(commit_rows) > 1:
            yield index, commit_rows


def _find_merge_time_issues(
    change_rows: Iterable[int], only_parents: Sequence[int | None], log: Log,
    parent_times: Mapping[str, int | None], clock: Clock,
) -> list[str | None]:  # fmt: skip
    """Return why the time of each change is not plausible, compared with the last plausible time on its line."""
    issues, last_plausible = [], dict[int, int | None]()
    for row in change_rows:
        parent, time = only_parents[row], log.commits.committed_at[row]
        if parent in last_plausible:
            parent_time = last_plausible[parent]
        else:  # a merge, a root, or the first change of a line
            parent_time = _first_parent_time(row, log, last_plausible, parent_times, clock)
        issue = clock.find_issue(time, parent_time)
        last_plausible[row] = parent_time if issue else time
        issues.append(issue)
    return issues


def _first_parent_time(
    row: int, log: Log, last_plausible: Mapping[int, int | None], parent_times: Mapping[str, int | None], clock: Clock
) -> int | None:
    """Return the last plausible time on the line of a commit's first parent."""
    first_parent = log.commits.parents[row].partition(" ")[0]
    parent = log.row_of.get(first_parent)
    if parent is None:
        return clock.plausible([parent_times.get(first_parent)])[0]
    if parent in last_plausible:
        return last_plausible[parent]
    return clock.plausible([log.commits.committed_at[parent]])[0]


def list_authorships(commits: Commits) -> Iterator[tuple[str, Authorship]]:
    """Yield id and authorship of each commit with one parent; roots and merges have no patch to compare."""
    columns = zip(commits.sha, commits.parents, commits.author, commits.authored_at, strict=True)
    for sha, parents, author, authored_at in columns:
        if parents and " " not in parents:
            yield sha, (author, authored_at)


def match_by_author_and_time(
    cherry_picks: Mapping[str, Authorship], candidates: Iterable[tuple[str, Authorship]]
) -> dict[str, str]:
    """Return the original of each cherry-pick among ``candidates``: same author name, same author time."""
    authorships = {authorship for authorship in cherry_picks.values() if authorship[1] is not None}
    originals = {authorship: sha for sha, authorship in candidates if authorship in authorships}
    pairs = {sha: originals.get(authorship) for sha, authorship in cherry_picks.items()}
    return {sha: original for sha, original in pairs.items() if original and original != sha}


def match_rewritten(new: Commits, old: Commits) -> dict[str, str]:
    """Return the old commit of each new one after a rewrite: the only one with its author time and subject.

    A rewrite may replace authors, as by a mailmap.
    """
    old_commits, new_commits = _index_unique(old), _index_unique(new)
    return {sha: old_commits[key] for key, sha in new_commits.items() if key in old_commits}


def _index_unique(commits: Commits) -> dict[tuple[int, str], str]:
    """Return each commit by author time and subject, without those that share both."""
    shas: dict[tuple[int, str], list[str]] = {}
    for sha, authored_at, subject in zip(commits.sha, commits.authored_at, commits.subject, strict=True):
        if authored_at is not None:
            shas.setdefault((authored_at, subject), []).append(sha)
    return {key: same[0] for key, same in shas.items() if len(same) == 1}


def trunk_changes(
    commits: Commits, included: IncludedCommits, branches: Mapping[str, str],
    scopes: Mapping[str, ChangeScope], sizes: Mapping[str, ChangeSize],
) -> ChangeColumns:  # fmt: skip
    """Return the changes that these first-parent commits made; ``scopes`` and ``sizes`` are empty if not configured."""
    columns = ChangeColumns(sha=commits.sha)
    columns.merged_at = commits.committed_at
    columns.change_request = commits.request
    columns.branch = [branches[sha] for sha in commits.sha]
    columns.kind = [
        "merge" if " " in parents else "squash" if request else "direct"
        for parents, request in zip(commits.parents, commits.request, strict=True)
    ]
    columns.labels = [
        label_change(author, subject, is_cherry_pick=bool(original))
        for author, subject, original in zip(commits.author, commits.subject, commits.picked_from, strict=True)
    ]
    columns.first_commit_at = included.first_authored_at
    columns.commits = included.counts
    columns.merge_time_issue = included.merge_time_issues
    if scopes:
        columns.paths = [scopes[sha].paths for sha in commits.sha]
        columns.applications = [scopes[sha].applications for sha in commits.sha]
    if sizes:
        change_sizes = [sizes.get(sha) for sha in commits.sha]
        columns.files = [size and size.files for size in change_sizes]
        columns.lines_added = [size and size.added for size in change_sizes]
        columns.lines_removed = [size and size.removed for size in change_sizes]
    return columns
