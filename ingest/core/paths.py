"""Paths in settings."""

from __future__ import annotations

from pathlib import Path


def at_home(path: str) -> Path:
    """Return a path with ``~`` expanded; the ``~`` of an unknown user stays part of the name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
