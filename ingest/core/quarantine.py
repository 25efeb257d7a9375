"""The quarantine of one source: which inputs are in it, and which of them are resolved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from dora.storage.rows.bookkeeping import Quarantine


class OpenQuarantine:
    """The inputs of one source that could not be read, from run to run.

    An input has a name that it keeps when it is corrected (``deployments.csv:3``, ``execution/E1``). It is resolved
    when it is read without an error, or when its file is read to the end and no longer contains it.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str, str | None]]) -> None:
        self._rows = {
            id_: Quarantine(id=id_, kind=kind, reason=reason, excerpt=excerpt) for id_, kind, reason, excerpt in rows
        }
        self._added: set[str] = set()  # since their file was last complete

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, row: Quarantine) -> None:
        """Add an input that could not be read."""
        self._rows[row.id] = row
        self._added.add(row.id)

    def resolve(self, name: str, at: datetime) -> list[Quarantine]:
        """Return the row of an input that was read without an error, resolved; none if it was not in quarantine."""
        self._added.discard(name)
        row = self._rows.pop(name, None)
        return [_resolved(row, at)] if row else []

    def resolve_file(self, name: str, at: datetime) -> list[Quarantine]:
        """Return, resolved, the rows of a complete file that were not added again since it was last complete."""
        parts = [id_ for id_ in self._rows if id_ == name or id_.startswith((f"{name}:", f"{name}#"))]
        rows = [_resolved(self._rows.pop(id_), at) for id_ in parts if id_ not in self._added]
        self._added.difference_update(parts)
        return rows


def _resolved(row: Quarantine, at: datetime) -> Quarantine:
    return msgspec.structs.replace(row, resolved_at=int(at.astimezone(UTC).timestamp() * 1_000_000))
