"""What a fetch brought to one mirror → documents: its commits, then the changes of which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace

from dora.errors import DoraError
from ingest.git import documents, facts
from ingest.git.details import Details
from ingest.git.log import Entry
from ingest.git.mirror import Mirror, Tips
from ingest.source import Item, Note, Progress

BATCH = 1000
T = TypeVar("T")


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
        gained: dict[str, Entry] = {}
        yield from self._landed(self.tips.lines.values(), self.known.lines.values(), gained)
        yield from self._landed(self.tips.all, [*self.known.all, *self.tips.lines.values()], None)
        yield from self._mended(gained, new)
        yield from self._changes(added, new, gained, on_trunk=True)
        if dropped:
            lost = {e.sha: e for e in self.mirror.beyond(self.known.lines.values(), self.tips.lines.values())}
            yield from self._changes(dropped, old, lost, on_trunk=False)
            yield Note(f"{self.name}: {len(dropped):,} commits of its trunk were rewritten; they stay resolvable.")
        yield Progress(f"{self.name}: {len(added):,} changes, {len(dropped):,} rewritten")

    def _landed(self, tips: Iterable[str], known: Iterable[str], kept: dict[str, Entry] | None) -> Iterator[Item]:
        for batch in _batched(self.mirror.beyond(tips, known)):
            if kept is not None:
                kept.update((entry.sha, entry) for entry in batch)
            yield documents.of_commits(self.name, batch)

    def _mended(self, gained: dict[str, Entry], line: Mapping[str, str]) -> Iterator[Item]:
        """Commits again whose message does not say in full what they revert, or not at all what they repeat."""
        undone = self._undone(gained, line)
        try:
            picked = self._picked(gained, line)
        except DoraError as error:
            picked = {}
            yield Note(f"{self.name}: picks that do not say so were not looked for: {error}")
        for sha, other in undone.items():
            gained[sha] = replace(gained[sha], reverts=other)
        for sha, other in picked.items():
            gained[sha] = replace(gained[sha], picked_from=other)
        if mended := {**undone, **picked}:
            yield documents.of_commits(self.name, [gained[sha] for sha in mended])

    def _undone(self, gained: Mapping[str, Entry], line: Mapping[str, str]) -> dict[str, str]:
        claims = {entry.sha: entry.claim for entry in gained.values() if entry.claim}
        found = {sha: self.mirror.whole(claim.value) for sha, claim in claims.items() if claim.by == "commit"}
        rest = {sha: claim for sha, claim in claims.items() if claim.by != "commit"}
        if rest:
            missing = {entry.sha: entry for entry in self.mirror.these([sha for sha in line if sha not in gained])}
            found |= facts.undone(rest, [gained.get(sha) or missing[sha] for sha in line], line)
        return {sha: other for sha, other in found.items() if other}

    def _picked(self, gained: Mapping[str, Entry], line: Mapping[str, str]) -> dict[str, str]:
        """What was picked from the trunk onto the other lines without saying so; git's patch ids decide."""
        trunk, *others = self.tips.lines
        came = [e for e in gained.values() if line.get(e.sha) in others and not e.picked_from and len(e.parents) == 1]
        if not came:
            return {}
        apart = self.mirror.beyond([self.tips.lines[trunk]], [self.tips.lines[other] for other in others])
        pairs = facts.alike(came, (entry for entry in apart if len(entry.parents) == 1))
        patches = self.mirror.patches([*pairs, *pairs.values()]) if pairs else {}
        return {sha: other for sha, other in pairs.items() if sha in patches and patches[sha] == patches.get(other)}

    def _changes(
        self, shas: Sequence[str], branches: Mapping[str, str], known: dict[str, Entry], *, on_trunk: bool
    ) -> Iterator[Item]:
        known.update((e.sha, e) for e in self.mirror.these([sha for sha in shas if sha not in known]))
        oldest_first = facts.oldest_first(shas, branches)
        brought = facts.brought(oldest_first, known, self._before(shas, known), self.clock)
        sizes = yield from self.details.sizes(shas)
        for batch in _batched(shas):
            scopes = self.details.scopes(batch)
            came = [facts.change(known[sha], brought[sha], branches[sha], scopes[sha], sizes.get(sha)) for sha in batch]
            yield documents.of_changes(self.name, came, on_trunk=on_trunk)

    def _before(self, shas: Sequence[str], known: Mapping[str, Entry]) -> dict[str, Entry]:
        """The first parents at which what is known ends."""
        parents = {parent for sha in shas for parent in known[sha].parents[:1] if parent not in known}
        return {entry.sha: entry for entry in self.mirror.these(parents)}


def _batched(some: Iterable[T]) -> Iterator[list[T]]:
    some = iter(some)
    while batch := list(islice(some, BATCH)):
        yield batch
