"""Compare names as the build does: without case, in one Unicode form."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase


def fold(name: str) -> str:
    """Return a name as it is compared."""
    return unicodedata.normalize("NFC", name).lower()


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name matches one of the globs."""
    return any(fnmatchcase(fold(name), fold(glob)) for glob in globs)
