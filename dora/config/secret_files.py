"""Secrets from variables and files, and files with secrets that other users of the machine can read."""

from __future__ import annotations

import os
from pathlib import Path

from dora.errors import UsageError
from dora.render import console


def warn_if_exposed(path: Path) -> None:
    """Print a note if other users can read a file that holds a secret; a missing file is reported by its reader."""
    if path.exists() and path.stat().st_mode & 0o077:
        console.print_note(f"Other users can read {path}, which has a secret in it. Next: chmod 600 {path}")


def read_secret(variable: str, file: str | None, effect: str) -> str:
    """Return the content of a file, else of an environment variable; empty if there is neither.

    Raises ``UsageError`` with the ``effect`` if the file can not be read.
    """
    if file is None:
        return os.environ.get(variable, "").strip()
    path = Path(file).expanduser()
    try:
        warn_if_exposed(path)
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{file} can not be read: {reason}; {effect}.", "check its path and permissions.") from None
