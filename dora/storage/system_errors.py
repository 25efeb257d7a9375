"""An error of the operating system, as what happened and what to do next."""

from __future__ import annotations

import errno
import os

from dora.errors import DoraError

# By the number of the error; DuckDB quotes its words.
_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or raise the quota",
    errno.EFBIG: "raise the limit of the size of files (ulimit -f)",
    errno.EIO: "check the disk, which reports read or write errors",
    errno.EROFS: "make the file system writable",
    errno.EACCES: "give this user the permission, or run as the owner of the file",
    errno.EPERM: "give this user the permission, or run as the owner of the file",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "raise the limit of open files of the system",
    errno.ENOMEM: "repeat it with more memory",
    errno.ENOTDIR: "move the file away that is where a folder should be",
    errno.EISDIR: "move the folder away that is where a file should be",
}
# Of a thread, of a library that is loaded.
_MEMORY = ("can't start new thread", "failed to map segment", "cannot allocate memory")
REMEDIES = {os.strerror(number): remedy for number, remedy in _REMEDIES.items()}


def explain_system_error(error: BaseException) -> DoraError | None:
    """Return an error of the operating system or of memory in our words; None for any other error."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in _MEMORY):
        return memory_error(str(error) or "none is left")
    if not isinstance(error, OSError):
        return None
    reason = error.strerror or str(error) or type(error).__name__
    remedy = _REMEDIES.get(error.errno or 0, "correct that")
    name = f"{error.filename}: " if error.filename else ""
    return DoraError(f"{name}{reason}. What was committed is kept.", f"{remedy}, then repeat.")


def memory_error(reason: str) -> DoraError:
    """Return the error of a command that had too little memory."""
    return DoraError(f"Memory ran out: {reason}. What was committed is kept.", "repeat it with more memory.")
