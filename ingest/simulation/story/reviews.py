"""How the requests of a trunk were reviewed before they were merged."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ingest.simulation.model.clock import HOUR, MINUTE, dice, iso
from ingest.simulation.model.company import PEOPLE
from ingest.simulation.model.repository import Change
from ingest.simulation.story.plot import REVIEWED_SLOWLY_TEAM

COLUMNS = [
    *("repository", "number", "author", "opened_at", "first_commit_at", "first_review_at", "approved_at", "merged_at"),
    *("merged_by", "reviewers", "approvers", "sha"),
]
# Shares of the way to the merge: coding, pickup, review, and the merge itself.
_USUAL, _SLOW = ((2.0, 6.0), (0.5, 2.5), (0.5, 2.5), (0.1, 0.8)), ((2.0, 5.0), (6.0, 14.0), (0.5, 2.5), (0.1, 0.8))
_UNREVIEWED, _UNREVIEWED_HOTFIX = 0.008, 0.15  # shares of requests that their author merges without a review


def request_rows(repository: str, team: str, changes: Sequence[Change]) -> list[list[str]]:
    """The requests of a trunk that was written: those whose number a subject names, as rows of ``COLUMNS``."""
    return [_row(repository, team, change) for change in changes if f"#{change.number}" in change.subject]


def _row(repository: str, team: str, change: Change) -> list[str]:
    random = dice(repository, change.number, "review")
    first = _first_commit(change)
    opened, reviewed, approved = _steps(first, change.at, _SLOW if team == REVIEWED_SLOWLY_TEAM else _USUAL, random)
    cells = [repository, str(change.number), change.author, iso(opened), iso(first)]
    if random.random() < (_UNREVIEWED_HOTFIX if change.hotfix else _UNREVIEWED):
        return [*cells, "", "", iso(change.at), change.author, "", "", change.sha]
    others = random.sample([person for person in PEOPLE if person != change.author], random.choice((1, 1, 1, 2)))
    merger = change.author if random.random() < 0.6 else others[0]
    return [*cells, iso(reviewed), iso(approved), iso(change.at), merger, ";".join(others), others[0], change.sha]


def _first_commit(change: Change) -> int:
    """When the first commit of its branch was authored, as in the repository; of a squash only its host knows it."""
    if change.tip:
        return change.tip.at - 9 * MINUTE
    begun = change.at - dice(change.title, change.at).randint(40 * MINUTE, 30 * HOUR)
    return begun + (change.at - 2 * MINUTE - begun) // change.commits // 2


def _steps(begin: int, end: int, shares: Sequence[tuple[float, float]], random: Random) -> tuple[int, int, int]:
    parts = [random.uniform(low, high) for low, high in shares]
    opened, reviewed, approved = (begin + int((end - begin) * sum(parts[:n]) / sum(parts)) for n in (1, 2, 3))
    return opened, reviewed, approved
