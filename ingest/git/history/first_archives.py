"""Documents of the first archives, which list commits and changes row by row, as columns. Pure."""

from __future__ import annotations

from typing import Any

import msgspec


class _Commits(msgspec.Struct):
    repository: str
    commits: list[tuple[str, list[str], int | None, int | None, str, str, str | None]]


class _Changes(msgspec.Struct):
    repository: str
    on_trunk: bool
    changes: list[tuple[str, int | None, str | None, list[str] | None]]


_COMMIT_COLUMNS = ("sha", "parents", "authored", "committed", "author", "subject", "reverts")
_CHANGE_COLUMNS = ("sha", "merged", "request", "paths")


def to_commit_columns(body: bytes) -> dict[str, Any]:
    """Return a batch of commits as columns. Raises ``ValidationError`` if it is not of the first archives."""
    batch = msgspec.json.decode(body, type=_Commits)
    return {"repository": batch.repository, **_transpose(_COMMIT_COLUMNS, batch.commits)}


def to_change_columns(body: bytes) -> dict[str, Any]:
    """Return a batch of changes as columns. Raises ``ValidationError`` if it is not of the first archives."""
    batch = msgspec.json.decode(body, type=_Changes)
    columns = _transpose(_CHANGE_COLUMNS, batch.changes)
    return {"repository": batch.repository, "on_trunk": batch.on_trunk, **columns}


def _transpose(names: tuple[str, ...], rows: list[Any]) -> dict[str, list[Any]]:
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}
