"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path


def at_home(path: str) -> Path:
    """A path with its ``~`` resolved; a ``~`` that names nobody's home stays part of the name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
