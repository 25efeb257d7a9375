"""Secrets come from the environment or from files; a file that others can read is warned about."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from dora.errors import UsageError
from ingest.core.paths import at_home

Warn = Callable[[str], None]
SECTION = "[sources.spinnaker]"


def read(path: str, key: str, warn: Warn) -> str:
    """The text of a file that ``key`` names; raises ``UsageError`` where it can not be read."""
    file = at_home(path)
    try:
        if file.stat().st_mode & 0o077:
            warn(f"{path} can be read by others: run chmod 600 on it")
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{key} {path} can not be read ({type(error).__name__}); nothing was fetched.",
            f"correct {key} in {SECTION}.",
        ) from None


def write(path: str, text: str) -> None:
    """Replace the text of a file, whole or not at all, readable for its owner alone (0600); raises ``OSError``."""
    file = at_home(path).resolve()
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-", delete=False) as made:
        aside = Path(made.name)
        try:
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)


def from_environment(variable: str, key: str) -> str:
    """The value of the variable that ``key`` names; raises ``UsageError`` where it is empty."""
    if found := os.environ.get(variable, "").strip():
        return found
    raise UsageError(
        f"The environment variable {variable} is empty; nothing was fetched.",
        f"set it, or name another one as {key} in {SECTION}.",
    )
