"""What a fetch brought to one mirror → documents: its commits, then the changes of which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from dora.errors import DoraError
from ingest.core.source import Item, Note, Progress
from ingest.git import documents, parse
from ingest.git.details import Details
from ingest.git.log import Log
from ingest.git.mirror import Mirror, Tips

BATCH = 1000
COMPARED = 2000  # a patch costs as much as a hundred lines of a log


class Reading:
    """What ``tips`` have and ``known`` had not, of one mirror; ``now`` is the instant of the run."""

    def __init__(self, mirror: Mirror, known: Tips, tips: Tips, now: datetime) -> None:
        self.mirror, self.known, self.tips = mirror, known, tips
        self.name, self.details = mirror.repository.name, Details(mirror)
        self.clock = parse.Clock(now.timestamp(), mirror.repository.skew_seconds)

    def items(self) -> Iterator[Item]:
        """Documents of commits and changes, and what a person should know of them."""
        gained = Log()
        for batch in self.mirror.beyond(self.tips.lines.values(), self.known.lines.values()):
            gained.add(batch)
            yield documents.of_commits(self.name, batch)
        for batch in self.mirror.beyond(self.tips.all, [*self.known.all, *self.tips.lines.values()]):
            yield documents.of_commits(self.name, batch)
        old, new = (self.mirror.line(tips.lines, gained) for tips in (self.known, self.tips))
        added, dropped = [sha for sha in new if sha not in old], [sha for sha in old if sha not in new]
        lost = Log(*self.mirror.beyond(self.known.lines.values(), self.tips.lines.values())) if dropped else Log()
        yield from self._mended(gained, new, lost)
        before = parse.again(gained.only(added), lost.only(dropped)) if dropped else {}
        since = {sha: self.clock.believed(lost.commits.committed[lost.place[was]]) for sha, was in before.items()}
        yield from self._changes(added, new, gained, since)
        if dropped:
            yield from self._changes(dropped, old, lost, None)
            says = f"{len(dropped):,} commits of its trunk were rewritten, {len(before):,} of them came again"
            yield Note(f"{self.name}: {says}; they stay resolvable.")
        if teams := self.details.teams(next(iter(self.tips.lines.values()))):
            yield documents.of_teams(self.name, teams)
        yield Progress(f"{self.name}: {len(added):,} changes, {len(dropped):,} rewritten")

    def _mended(self, gained: Log, line: Mapping[str, str], lost: Log) -> Iterator[Item]:
        """Commits again whose message does not say in full what they revert, or not at all what they repeat."""
        undone, picked, moved = self._undone(gained, line), dict[str, str](), dict[str, str]()
        try:
            picked, moved = self._picked(gained, line), self._moved(gained, lost)
        except DoraError as error:
            yield Note(f"{self.name}: picks that do not say so were not looked for: {error}")
        for column, found in ((gained.commits.reverts, undone), (gained.commits.picked_from, picked)):
            for sha, other in found.items():
                column[gained.place[sha]] = other
        if mended := {**undone, **picked, **moved}:
            told = gained.of(mended)
            told.picked_from = [of or moved.get(sha) for sha, of in zip(told.sha, told.picked_from, strict=True)]
            yield documents.of_commits(self.name, told)

    def _undone(self, gained: Log, line: Mapping[str, str]) -> dict[str, str]:
        claims = gained.commits.claims
        found = {sha: self.mirror.whole(claim.value) for sha, claim in claims.items() if claim.by == "commit"}
        rest = {sha: claim for sha, claim in claims.items() if claim.by != "commit"}
        if rest:
            whole = Log(gained.commits, *self.mirror.these([sha for sha in line if sha not in gained.place]))
            found |= parse.undone(rest, whole.of(line), line)
        return {sha: other for sha, other in found.items() if other}

    def _picked(self, gained: Log, line: Mapping[str, str]) -> dict[str, str]:
        """What was picked from the trunk onto the other lines without saying so; git's patch ids decide."""
        trunk, *others = self.tips.lines
        if not others:
            return {}
        silent = [
            sha
            for sha, told in zip(gained.place, gained.commits.picked_from, strict=True)
            if not told and line.get(sha) in others
        ]
        picks = dict(parse.written(gained.of(silent)))
        if not picks:
            return {}
        apart = self.mirror.beyond([self.tips.lines[trunk]], [self.tips.lines[other] for other in others])
        return self._same(parse.alike(picks, (one for batch in apart for one in parse.written(batch))))

    def _moved(self, gained: Log, lost: Log) -> dict[str, str]:
        """What is the same patch as a commit of before a rewrite: whoever shipped that has shipped it."""
        if not lost.place:
            return {}
        return self._same(parse.alike(dict(parse.written(gained.commits)), parse.written(lost.commits)))

    def _same(self, pairs: Mapping[str, str]) -> dict[str, str]:
        """Those pairs of commits, as far as the newest are concerned, that change the same."""
        some = dict(islice(pairs.items(), COMPARED))
        patches = self.mirror.patches([*some, *some.values()]) if some else {}
        return {sha: other for sha, other in some.items() if sha in patches and patches[sha] == patches.get(other)}

    def _changes(
        self, shas: Sequence[str], branches: Mapping[str, str], log: Log, since: Mapping[str, int | None] | None
    ) -> Iterator[Item]:
        """Entries of a line; ``since`` is when those that came again first came, null for what was dropped."""
        for batch in self.mirror.these([sha for sha in shas if sha not in log.place]):
            log.add(batch)
        line = parse.oldest_first(shas, branches)
        brought = parse.brought(line, log, self._before(shas, log), self.clock)
        sizes = yield from self.details.sizes(shas)
        for start in range(0, len(line), BATCH):
            part = slice(start, start + BATCH)
            scopes = self.details.scopes(line[part])
            came = parse.changes(log.of(line[part]), brought.part(part), branches, scopes, sizes)
            if since:
                came.merged = [since.get(sha) or time for sha, time in zip(came.sha, came.merged or [], strict=True)]
            yield documents.of_changes(self.name, came, on_trunk=since is not None)

    def _before(self, shas: Iterable[str], log: Log) -> dict[str, int | None]:
        """Committer times of the first parents at which what is known ends."""
        told = (log.commits.parents[log.place[sha]] for sha in shas)
        firsts = {parents.partition(" ")[0] for parents in told if parents and parents not in log.place}
        there = self.mirror.these(firsts.difference(log.place))
        return {sha: time for batch in there for sha, time in zip(batch.sha, batch.committed, strict=True)}
