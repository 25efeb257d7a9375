"""What a source has in quarantine, and what leaves it: of an input the last thing that was told counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from ingest.core.rows import Quarantine


class Kept:
    """The inputs of one source that could not be read, from run to run.

    An input has a name that it keeps when it is corrected (``deployments.csv:3``, ``execution/E1``). It is resolved
    once it is read well, or once the whole that it was part of was read without it.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str, str | None]]) -> None:
        self._open = {id_: Quarantine(id=id_, kind=kind, reason=why, excerpt=text) for id_, kind, why, text in rows}
        self._told: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._open)

    def bad(self, row: Quarantine) -> Quarantine:
        """Keep an input that can not be read; the row to land."""
        self._open[row.id] = row
        self._told.add(row.id)
        return row

    def good(self, name: str, at: datetime) -> list[Quarantine]:
        """An input was read well: the row that says so, where it had been in quarantine."""
        self._told.discard(name)
        row = self._open.pop(name, None)
        return [_resolved(row, at)] if row else []

    def whole(self, name: str, at: datetime) -> list[Quarantine]:
        """All of a file was read: whatever of it was not told as bad since it was last read is resolved."""
        parts = [one for one in self._open if one == name or one.startswith((f"{name}:", f"{name}#"))]
        rows = [_resolved(self._open.pop(one), at) for one in parts if one not in self._told]
        self._told.difference_update(parts)
        return rows


def _resolved(row: Quarantine, at: datetime) -> Quarantine:
    return msgspec.structs.replace(row, resolved_at=int(at.astimezone(UTC).timestamp() * 1_000_000))
