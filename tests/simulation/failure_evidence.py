"""Which deployment is to blame for a rollback, a fix, an incident or its own breaking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.simulation.model.clock import DAY
from ingest.simulation.model.repository import Change
from ingest.simulation.story.script import Incident
from tests.simulation.deployment import Fact

Piece = tuple[str, int | None]
_WINDOW = DAY


def evidence(traffic: Sequence[Fact], incidents: Sequence[Incident]) -> dict[Fact, list[Piece]]:
    """What speaks against each deployment that took traffic: kind of evidence, and when that was over (or null)."""
    found: dict[Fact, list[Piece]] = {}
    for accused, piece in (
        *_rollbacks(traffic),
        *_reverts(traffic),
        *_hotfixes(traffic),
        *_incidents(traffic, incidents),
        *_broken(traffic),
    ):
        found.setdefault(accused, []).append(piece)
    return found


def _rollbacks(traffic: Sequence[Fact]) -> Iterator[tuple[Fact, Piece]]:
    """The first deployment of new content after the restored one last served."""
    for place, fact in enumerate(traffic):
        if fact.kind == "rollback":
            since = max((n for n in range(place) if traffic[n].run.change is fact.run.change), default=-1)
            accused = next((later for later in traffic[since + 1 : place] if later.counts), None)
            if accused:
                yield accused, ("rollback", fact.run.full)


def _reverts(traffic: Sequence[Fact]) -> Iterator[tuple[Fact, Piece]]:
    """Whoever shipped a change that a later deployment soon reverts; what the baseline brought counts as its own."""
    brought: dict[Change, Fact] = {change: fact for fact in traffic for change in fact.shipped}
    for fact in traffic:
        for change in fact.shipped:
            accused = brought.get(change.reverts) if change.reverts else None
            if accused and accused.counts and 0 < fact.at - accused.at <= _WINDOW:
                yield accused, ("fix_forward", fact.run.full)


def _hotfixes(traffic: Sequence[Fact]) -> Iterator[tuple[Fact, Piece]]:
    for place, fact in enumerate(traffic):
        accused = _latest(traffic[:place], fact.at) if fact.kind == "hotfix" else None
        if accused:
            yield accused, ("fix_forward", fact.run.full)


def _incidents(traffic: Sequence[Fact], incidents: Sequence[Incident]) -> Iterator[tuple[Fact, Piece]]:
    for incident in incidents:
        if incident.deployed:
            accused = deployment_of(incident.deployed, traffic)
        elif incident.named:
            accused = next((fact for fact in traffic if incident.named in fact.shipped), None)
        else:
            accused = _latest(traffic, incident.opened_at + 1)
        if accused and accused.counts:
            yield accused, ("incident", incident.resolved_at)


def deployment_of(change: Change, traffic: Sequence[Fact]) -> Fact | None:
    """The first deployment of exactly this change."""
    return next((fact for fact in traffic if fact.run.change is change), None)


def _broken(traffic: Sequence[Fact]) -> Iterator[tuple[Fact, Piece]]:
    for place, fact in enumerate(traffic):
        if fact.counts and not fact.succeeded:
            yield fact, ("deploy", next((later.run.full for later in traffic[place:] if later.succeeded), None))


def _latest(traffic: Sequence[Fact], before: int) -> Fact | None:
    """The latest that can be accused and took traffic within the window before an instant."""
    accusable = [fact for fact in traffic if fact.counts and before - _WINDOW <= fact.at < before]
    return max(accusable, key=lambda fact: fact.at, default=None)
