"""Files with secrets that other users of the machine can read."""

from __future__ import annotations

from pathlib import Path

from dora.render import console


def warn_if_exposed(path: Path) -> None:
    """Print a note if other users can read a file that holds a secret; a missing file is reported by its reader."""
    if path.exists() and path.stat().st_mode & 0o077:
        console.print_note(f"Other users can read {path}, which has a secret in it. Next: chmod 600 {path}")
