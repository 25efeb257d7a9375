"""The quarantine of one source: which inputs are in it, and which of them are resolved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from dora.storage.database import QuarantinedInput
from dora.storage.rows.bookkeeping import Quarantine


class OpenQuarantine:
    """The inputs of one source that could not be read, from run to run.

    An input has a name that it keeps when it is corrected (``deployments.csv:3``, ``execution/E1``). It is resolved
    when it is read without an error, or when its file is read to the end and no longer contains it. One that a user
    dismissed stays so until its content or the reason changes.
    """

    def __init__(self, rows: Iterable[QuarantinedInput]) -> None:
        self._rows = {row.id: Quarantine(**row._asdict()) for row in rows}
        self._added: set[str] = set()  # since their file was last complete

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, row: Quarantine) -> Quarantine:
        """Add an input that could not be read, and return its row."""
        earlier = self._rows.get(row.id)
        if earlier and (earlier.kind, earlier.reason, earlier.excerpt) == (row.kind, row.reason, row.excerpt):
            row = earlier
        self._rows[row.id] = row
        self._added.add(row.id)
        return row

    def dismiss(self, name: str, at: datetime) -> list[Quarantine]:
        """Return the row of an input, dismissed; none if it is not in quarantine."""
        if not (row := self._rows.get(name)):
            return []
        self._rows[name] = row = msgspec.structs.replace(row, dismissed_at=_to_micros(at))
        return [row]

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
    return msgspec.structs.replace(row, resolved_at=_to_micros(at))


def _to_micros(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1_000_000)
