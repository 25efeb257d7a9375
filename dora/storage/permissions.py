"""Which users may read what a run writes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

# What commands write in a data folder; a folder that others can not enter hides what is in it.
_OWN = frozenset({"landing.duckdb", "landing.duckdb.wal", "landing.lock", "dora.duckdb", "payloads", "mirrors", "logs"})


@contextlib.contextmanager
def private_files(data: Path, *, group_readable: bool = False) -> Iterator[None]:
    """Let no other user read what the block writes; with ``group_readable`` the group may.

    What an earlier version left open to others in the data folder is closed to them.
    """
    mask = 0o027 if group_readable else 0o077
    before = os.umask(mask)
    try:
        data.mkdir(parents=True, exist_ok=True)
        for path in data.iterdir():
            mode = path.stat(follow_symlinks=False).st_mode & 0o777
            if mode & mask and path.name in _OWN and not path.is_symlink():
                with contextlib.suppress(PermissionError):  # of another user, who may have reasons
                    path.chmod(mode & ~mask)
        yield
    finally:
        os.umask(before)
