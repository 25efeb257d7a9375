"""How many of the deployments that a number rests on are of an unknown commit, or of one off trunk (G4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from dora.query.plan import ScopePlan
from dora.storage.database import Connection


class CommitShare(NamedTuple):
    """Counts of deployments of new content, by the names that ``Value`` has for them; null for other metrics."""

    deployments: int | None = None
    unknown_commits: int | None = None
    off_trunk_commits: int | None = None


def read_commit_shares(con: Connection, plan: ScopePlan) -> Mapping[tuple[str | None, datetime | None], CommitShare]:
    """Return the shares by group and start of the period; of all, those of a metric that needs no commits are null."""
    # A deployment may ship changes of several kinds of assistance, so these groups have no share of it.
    if not plan.metric.by_commit or plan.parameters["assistance"]:
        return defaultdict(CommitShare)
    rows = plan.execute(con, "commit_shares").fetchall()
    shares = {(group, period): CommitShare(*counts) for group, period, *counts in rows}
    return defaultdict(lambda: CommitShare(0, 0, 0), shares)
