"""Which users may read what a run writes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dora.errors import DoraError
from dora.storage.connection import make_folder

# What commands write in a data folder; a folder that others can not enter hides what is in it.
_OWN = frozenset({"landing.duckdb", "landing.duckdb.wal", "landing.lock", "dora.duckdb", "payloads", "mirrors", "logs"})


@contextlib.contextmanager
def private_files(data: Path, *, group_readable: bool = False) -> Iterator[None]:
    """Let no other user read what the block writes; with ``group_readable`` the group may.

    What an earlier version left open to others in the data folder is closed to them. Raises ``DoraError`` if this user
    can not write to the folder.
    """
    mask = 0o027 if group_readable else 0o077
    before = os.umask(mask)
    try:
        make_folder(data)
        if not os.access(data, os.W_OK | os.X_OK):
            raise DoraError(
                f"This user can not write to {data}; nothing was changed.",
                "give this user the permission, or run as the owner of the folder.",
            )
        for path in data.iterdir():
            mode = path.stat(follow_symlinks=False).st_mode & 0o777
            if mode & mask and path.name in _OWN and not path.is_symlink():
                with contextlib.suppress(PermissionError):  # of another user, who may have reasons
                    path.chmod(mode & ~mask)
        yield
    finally:
        os.umask(before)
