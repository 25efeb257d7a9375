"""What a fetch brought to one mirror → documents: its commits, then the changes of which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from dora.errors import DoraError
from ingest.git import documents, facts
from ingest.git.details import Details
from ingest.git.log import Log
from ingest.git.mirror import Mirror, Tips
from ingest.source import Item, Note, Progress

BATCH = 1000


class Reading:
    """What ``tips`` have and ``known`` had not, of one mirror; ``now`` is the instant of the run."""

    def __init__(self, mirror: Mirror, known: Tips, tips: Tips, now: datetime) -> None:
        self.mirror, self.known, self.tips = mirror, known, tips
        self.name, self.details = mirror.repository.name, Details(mirror)
        self.clock = facts.Clock(now.timestamp(), mirror.repository.skew_seconds)

    def items(self) -> Iterator[Item]:
        """Documents of commits and changes, and what a person should know of them."""
        old, new = self.mirror.line(self.known.lines), self.mirror.line(self.tips.lines)
        added, dropped = [sha for sha in new if sha not in old], [sha for sha in old if sha not in new]
        gained = Log()
        for batch in self.mirror.beyond(self.tips.lines.values(), self.known.lines.values()):
            gained.add(batch)
            yield documents.of_commits(self.name, batch)
        for batch in self.mirror.beyond(self.tips.all, [*self.known.all, *self.tips.lines.values()]):
            yield documents.of_commits(self.name, batch)
        yield from self._mended(gained, new)
        yield from self._changes(added, new, gained, on_trunk=True)
        if dropped:
            lost = Log(*self.mirror.beyond(self.known.lines.values(), self.tips.lines.values()))
            yield from self._changes(dropped, old, lost, on_trunk=False)
            yield Note(f"{self.name}: {len(dropped):,} commits of its trunk were rewritten; they stay resolvable.")
        yield Progress(f"{self.name}: {len(added):,} changes, {len(dropped):,} rewritten")

    def _mended(self, gained: Log, line: Mapping[str, str]) -> Iterator[Item]:
        """Commits again whose message does not say in full what they revert, or not at all what they repeat."""
        undone = self._undone(gained, line)
        try:
            picked = self._picked(gained, line)
        except DoraError as error:
            picked = {}
            yield Note(f"{self.name}: picks that do not say so were not looked for: {error}")
        for column, found in ((gained.commits.reverts, undone), (gained.commits.picked_from, picked)):
            for sha, other in found.items():
                column[gained.place[sha]] = other
        if mended := {**undone, **picked}:
            yield documents.of_commits(self.name, gained.of(mended))

    def _undone(self, gained: Log, line: Mapping[str, str]) -> dict[str, str]:
        claims = gained.commits.claims
        found = {sha: self.mirror.whole(claim.value) for sha, claim in claims.items() if claim.by == "commit"}
        rest = {sha: claim for sha, claim in claims.items() if claim.by != "commit"}
        if rest:
            whole = Log(gained.commits, *self.mirror.these([sha for sha in line if sha not in gained.place]))
            found |= facts.undone(rest, whole.of(line), line)
        return {sha: other for sha, other in found.items() if other}

    def _picked(self, gained: Log, line: Mapping[str, str]) -> dict[str, str]:
        """What was picked from the trunk onto the other lines without saying so; git's patch ids decide."""
        trunk, *others = self.tips.lines
        silent = [
            sha
            for sha, told in zip(gained.place, gained.commits.picked_from, strict=True)
            if not told and line.get(sha) in others
        ]
        picks = dict(facts.written(gained.of(silent)))
        if not picks:
            return {}
        apart = self.mirror.beyond([self.tips.lines[trunk]], [self.tips.lines[other] for other in others])
        pairs = facts.alike(picks, (one for batch in apart for one in facts.written(batch)))
        patches = self.mirror.patches([*pairs, *pairs.values()]) if pairs else {}
        return {sha: other for sha, other in pairs.items() if sha in patches and patches[sha] == patches.get(other)}

    def _changes(self, shas: Sequence[str], branches: Mapping[str, str], log: Log, *, on_trunk: bool) -> Iterator[Item]:
        for batch in self.mirror.these([sha for sha in shas if sha not in log.place]):
            log.add(batch)
        line = facts.oldest_first(shas, branches)
        brought = facts.brought(line, log, self._before(shas, log), self.clock)
        sizes = yield from self.details.sizes(shas)
        for start in range(0, len(line), BATCH):
            part = slice(start, start + BATCH)
            scopes = self.details.scopes(line[part])
            came = facts.changes(log.of(line[part]), brought.part(part), branches, scopes, sizes)
            yield documents.of_changes(self.name, came, on_trunk=on_trunk)

    def _before(self, shas: Iterable[str], log: Log) -> dict[str, int | None]:
        """Committer times of the first parents at which what is known ends."""
        told = (log.commits.parents[log.place[sha]] for sha in shas)
        firsts = {parents.partition(" ")[0] for parents in told if parents and parents not in log.place}
        there = self.mirror.these(firsts.difference(log.place))
        return {sha: time for batch in there for sha, time in zip(batch.sha, batch.committed, strict=True)}
