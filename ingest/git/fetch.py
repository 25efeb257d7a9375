"""Read the new history of a mirror: documents of its commits, then of the changes that they make."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from dora.errors import DoraError
from ingest.core.source import Item, Note, Progress
from ingest.git.codeowners import LOCATIONS, CodeOwners
from ingest.git.history import documents, parse
from ingest.git.history.log import ChangeSize, Log
from ingest.git.history.parse import ChangeScope
from ingest.git.mirror import Mirror, Tips

BATCH = 1000  # changes in a document
MAX_COMPARED = 2000  # a patch costs git as much as a hundred lines of a log
MAX_MEASURED = 1000  # a size costs git as much as fifty lines of a log; older changes have none


class HistoryReader:
    """Reads what ``tips`` of a mirror reach and ``previous`` did not; ``now`` is the time of the run."""

    def __init__(self, mirror: Mirror, previous: Tips, tips: Tips, now: datetime) -> None:
        self.mirror, self.previous, self.tips = mirror, previous, tips
        self.name, self.details = mirror.repository.name, ChangeDetails(mirror)
        self.clock = parse.Clock(now.timestamp(), mirror.repository.skew_seconds)

    def read_items(self) -> Iterator[Item]:
        """Yield documents of commits, changes and teams, and notes on rewritten history."""
        old_trunks, new_trunks = self.previous.trunks, self.tips.trunks
        # Trunk commits come first: the log that the changes need holds them and nothing else.
        gained = Log()
        for batch in self.mirror.read_commits_between(old_trunks.values(), new_trunks.values()):
            gained.add(batch)
            yield documents.encode_commits(self.name, batch)
        for batch in self.mirror.read_commits_between([*self.previous.refs, *new_trunks.values()], self.tips.refs):
            yield documents.encode_commits(self.name, batch)
        old, new = (self.mirror.assign_branches(trunks, gained) for trunks in (old_trunks, new_trunks))
        added, dropped = [sha for sha in new if sha not in old], [sha for sha in old if sha not in new]
        lost = Log(*self.mirror.read_commits_between(new_trunks.values(), old_trunks.values())) if dropped else Log()
        yield from self._read_references(gained, new, lost)
        merged_before = self._merge_times_before_rewrite(added, gained, dropped, lost) if dropped else {}
        yield from self._read_changes(added, new, gained, merged_before, on_trunk=True)
        if dropped:
            rewritten = sum(sha in lost.row_of for sha in dropped)
            yield from self._read_changes(dropped, old, lost, {}, on_trunk=False)
            if rewritten:
                again = f"{len(merged_before):,} of them are on trunk again"
                counts = f"{rewritten:,} trunk commits were rewritten, {again}"
                yield Note(f"{self.name}: {counts} with a new id; landing.duckdb keeps both.")
            if displaced := len(dropped) - rewritten:
                counts = f"{displaced:,} trunk commits are beside the trunk's line now"
                yield Note(f"{self.name}: {counts}, by a merge of the trunk into a branch that became the trunk.")
        if teams := self.details.read_teams(next(iter(new_trunks.values()))):
            yield documents.encode_teams(self.name, teams)
        yield Progress(f"{self.name}: {len(added):,} changes, {len(dropped):,} rewritten")

    def _read_references(self, gained: Log, branches: Mapping[str, str], lost: Log) -> Iterator[Item]:
        """Yield again the commits that are cherry-picks without a trailer, or rewritten."""
        picks, rewritten = dict[str, str](), dict[str, str]()
        try:
            picks, rewritten = self._find_unmarked_picks(gained, branches), self._find_rewritten(gained, lost)
        except DoraError as error:
            yield Note(f"{self.name}: cherry-picks without a trailer are not recognised: {error}")
        for sha, original in picks.items():
            gained.commits.picked_from[gained.row_of[sha]] = original
        if references := {**picks, **rewritten}:
            commits = gained.select(references)
            # A rewritten commit is not a backport: its origin goes into the commit's row, not into the change's label.
            columns = zip(commits.sha, commits.picked_from, strict=True)
            commits.picked_from = [original or rewritten.get(sha) for sha, original in columns]
            yield documents.encode_commits(self.name, commits)

    def _find_unmarked_picks(self, gained: Log, branches: Mapping[str, str]) -> dict[str, str]:
        """Return the original of each cherry-pick onto another branch without a trailer, by git's patch id."""
        main_branch, *other_branches = self.tips.trunks
        if not other_branches:
            return {}
        columns = zip(gained.row_of, gained.commits.picked_from, strict=True)
        unmarked = [sha for sha, original in columns if not original and branches.get(sha) in other_branches]
        picks = dict(parse.list_authorships(gained.select(unmarked)))
        if not picks:
            return {}
        other_tips = [self.tips.trunks[branch] for branch in other_branches]
        trunk_commits = self.mirror.read_commits_between(other_tips, [self.tips.trunks[main_branch]])
        candidates = (commit for batch in trunk_commits for commit in parse.list_authorships(batch))
        return self._keep_same_patches(parse.match_by_author_and_time(picks, candidates))

    def _find_rewritten(self, gained: Log, lost: Log) -> dict[str, str]:
        """Return the dropped commit with the same patch; a deployment that shipped it has shipped the new one.

        A commit with the files, author time and subject of a dropped one is that one with other people or another id.
        """
        if not lost.row_of:
            return {}
        trees, lost_trees = gained.commits.tree, lost.commits.tree
        pairs = parse.match_rewritten(gained.commits, lost.commits)
        same = {sha: old for sha, old in pairs.items() if trees[gained.row_of[sha]] == lost_trees[lost.row_of[old]]}
        picks, candidates = dict(parse.list_authorships(gained.commits)), parse.list_authorships(lost.commits)
        others = {**parse.match_by_author_and_time(picks, candidates), **pairs}
        return self._keep_same_patches({sha: old for sha, old in others.items() if sha not in same}) | same

    def _keep_same_patches(self, pairs: Mapping[str, str]) -> dict[str, str]:
        """Return those of the first ``MAX_COMPARED`` pairs whose commits have the same patch id."""
        compared = dict(islice(pairs.items(), MAX_COMPARED))
        patch_ids = self.mirror.read_patch_ids([*compared, *compared.values()]) if compared else {}
        pairs = {sha: original for sha, original in compared.items() if sha in patch_ids}
        return {sha: original for sha, original in pairs.items() if patch_ids[sha] == patch_ids.get(original)}

    def _merge_times_before_rewrite(
        self, added: Sequence[str], gained: Log, dropped: Sequence[str], lost: Log
    ) -> dict[str, int | None]:
        """Return when each rewritten change was first merged, in epoch seconds; null if that is not plausible."""
        new = gained.select(sha for sha in added if sha in gained.row_of)
        old = lost.select(sha for sha in dropped if sha in lost.row_of)
        pairs = parse.match_rewritten(new, old)
        times = self.clock.plausible([lost.commits.committed_at[lost.row_of[sha]] for sha in pairs.values()])
        return dict(zip(pairs, times, strict=True))

    def _read_changes(
        self, newest_first: Sequence[str], branches: Mapping[str, str], log: Log,
        merged_before: Mapping[str, int | None], *, on_trunk: bool,
    ) -> Iterator[Item]:  # fmt: skip
        """Yield documents of first-parent commits as changes; ``merged_before`` replaces the merge time of some."""
        for batch in self.mirror.read_commits([sha for sha in newest_first if sha not in log.row_of]):
            log.add(batch)
        line = parse.sort_oldest_first(newest_first, branches)
        included = parse.find_included_commits(line, log, self._parent_times(newest_first, log), self.clock)
        sizes = yield from self.details.read_sizes(newest_first)
        for start in range(0, len(line), BATCH):
            rows = slice(start, start + BATCH)
            commits, scopes = log.select(line[rows]), self.details.read_scopes(line[rows])
            changes = parse.trunk_changes(commits, included.slice(rows), branches, scopes, sizes)
            if merged_before:
                times = zip(commits.sha, commits.committed_at, strict=True)
                changes.merged_at = [merged_before.get(sha) or committed_at for sha, committed_at in times]
            yield documents.encode_changes(self.name, changes, on_trunk=on_trunk)

    def _parent_times(self, changes: Iterable[str], log: Log) -> dict[str, int | None]:
        """Return the committer times of the first parents that the log does not contain."""
        parents = (log.commits.parents[log.row_of[sha]] for sha in changes)
        # A commit with one parent in the log is the common case, and needs no split.
        first_parents = {ids.partition(" ")[0] for ids in parents if ids and ids not in log.row_of}
        batches = self.mirror.read_commits(first_parents.difference(log.row_of))
        return {sha: time for batch in batches for sha, time in zip(batch.sha, batch.committed_at, strict=True)}


class ChangeDetails:
    """Paths, owners and sizes of changes: what git reads only for repositories that configure it."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror, self.repository = mirror, mirror.repository
        self._parsed: dict[str, CodeOwners] = {}  # by blob id: a CODEOWNERS stays the same for many changes

    def read_scopes(self, shas: Sequence[str]) -> dict[str, ChangeScope]:
        """Return paths and applications of each change; empty if the repository configures neither."""
        if not (self.repository.paths or self.repository.owners):
            return {}
        owners = self._read_owners(shas) if self.repository.owners else {}
        scopes = {}
        for sha, paths in self.mirror.read_paths(shas).items():
            applications = owners[sha].applications(paths, self.repository.owners) if sha in owners else None
            scopes[sha] = ChangeScope(paths if self.repository.paths else None, applications)
        return scopes

    def read_teams(self, tip: str) -> dict[str, str]:
        """Return the team of each application by the CODEOWNERS of a commit; empty if owners are not configured."""
        owners = self._read_owners([tip]).get(tip) if self.repository.owners else None
        return owners.teams(self.repository.owners) if owners else {}

    def _read_owners(self, shas: Sequence[str]) -> dict[str, CodeOwners]:
        """Return the CODEOWNERS in force at each of these commits that has one."""
        owners: dict[str, CodeOwners] = {}
        for location in LOCATIONS:
            blob_ids = self.mirror.read_blob_ids([sha for sha in shas if sha not in owners], location)
            for blob_id in set(blob_ids.values()) - set(self._parsed):
                self._parsed[blob_id] = CodeOwners(self.mirror.read_blob(blob_id))
            owners |= {sha: self._parsed[blob_id] for sha, blob_id in blob_ids.items()}
        return owners

    def read_sizes(self, newest_first: Sequence[str]) -> Generator[Item, None, dict[str, ChangeSize]]:
        """Return the sizes of the newest changes if they are configured; yield a note if git fails to count."""
        if not self.repository.sizes:
            return {}
        try:
            return self.mirror.read_sizes(newest_first[:MAX_MEASURED])
        except DoraError as error:
            yield Note(f"{self.repository.name}: sizes of changes are not available: {error}")
            return {}
