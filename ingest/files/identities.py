"""Find the landing row of a reported deployment or incident.

Systems repeat ids: two of them count their builds from 1, one restarts its count, one run deploys two repositories.
The first row of an id has that id; a further one appends what distinguishes it, like ``7~us-builds`` or ``7~acme/ui``.
A later export finds its rows again, also if it has a column more or less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from itertools import accumulate, chain, count
from typing import NamedTuple

from ingest.core.names import fold
from ingest.core.source import ReportedRecord
from ingest.files.timestamps import EPOCH


class Identity(NamedTuple):
    """What tells reported deployments or incidents apart; times are in microseconds since 1970."""

    external_id: str
    system: str | None
    application: str
    environment: str | None = None
    target: str | None = None
    repository: str | None = None
    started_at: int | None = None
    finished_at: int | None = None


class RowIds(NamedTuple):
    """Ids of the landing row of a deployment, and of the root of its execution tree."""

    id: str
    root_id: str


class _Row(NamedTuple):
    id: str
    identity: Identity


class Identities:
    """The landing rows of one source by the ids that its systems report."""

    def __init__(self, records: Iterable[ReportedRecord]) -> None:
        self._rows: dict[str, list[_Row]] = defaultdict(list)
        self._ids: set[str] = set()
        self._systems: dict[str, str | None] = {}  # by group
        for row_id, root_id, *values in records:
            identity = Identity._make(values)
            self._rows[identity.external_id].append(_Row(row_id, identity))
            self._ids.add(row_id)
            self._claim_group(root_id, identity.system)

    def assign(self, identity: Identity, group: str | None = None, *, shared_group: bool = False) -> RowIds:
        """Return the ids of the row of a deployment, a known one or a new one.

        Rows of one ``group`` have one root. Two systems can use one name for different groups unless ``shared_group``.
        """
        rows = self._rows[identity.external_id]
        deployment = [row for row in rows if _is_same_deployment(row.identity, identity)]
        matches = [row for row in deployment if _is_same_row(row.identity, identity)]
        if matches:
            match = max(matches, key=lambda row: sum(map(_equal, row.identity, identity)))
            row = _Row(match.id, _merge(match.identity, identity))
            rows[rows.index(match)] = row
        else:
            row = _Row(self._make_id(rows, deployment, identity), identity)
            rows.append(row)
        if not group:
            return RowIds(row.id, deployment[0].id if deployment else row.id)
        return RowIds(row.id, group if shared_group else self._claim_group(group, identity.system))

    def _make_id(self, rows: list[_Row], deployment: list[_Row], identity: Identity) -> str:
        """Return a new id: the reported one, followed by the fewest values that make it unique."""
        first = (deployment or rows or [_Row(identity.external_id, identity)])[0]
        names = ("repository", "environment", "target") if deployment else ("system", "application")
        pairs = [(getattr(identity, name), getattr(first.identity, name)) for name in names]
        parts = [value for value, other in pairs if value and not _equal(value, other)]
        if not deployment and (time := identity.started_at or identity.finished_at):
            parts.append((EPOCH + timedelta(microseconds=time)).isoformat().removesuffix("+00:00"))
        ids = accumulate(chain([first.id], parts, map(str, count(2))), "{}~{}".format)
        row_id = next(row_id for row_id in ids if row_id not in self._ids)
        self._ids.add(row_id)
        return row_id

    def _claim_group(self, group: str, system: str | None) -> str:
        owner = self._systems.get(group)
        self._systems[group] = owner or system
        return f"{group}~{system}" if owner and system and owner != system else group


def _is_same_deployment(row: Identity, other: Identity) -> bool:
    if not _equal(row.application, other.application):
        return False
    if row.system and other.system:
        return row.system == other.system
    # Without a system only the time tells two runs with one number apart.
    if row.started_at and other.started_at:
        return row.started_at == other.started_at
    return not (row.finished_at and other.finished_at) or row.finished_at == other.finished_at


def _is_same_row(row: Identity, other: Identity) -> bool:
    """Compare the places of two rows of one deployment; an absent repository or target equals any."""
    pairs = ((row.repository, other.repository), (row.target, other.target))
    return _equal(row.environment, other.environment) and all(_equal(*pair) for pair in pairs if all(pair))


def _merge(row: Identity, other: Identity) -> Identity:
    """Return the row with the new values; an export that lacks a column does not remove its values."""
    return Identity._make(old if new is None else new for old, new in zip(row, other, strict=True))


def _equal(value: object, other: object) -> bool:
    return value == other or (isinstance(value, str) and isinstance(other, str) and fold(value) == fold(other))
