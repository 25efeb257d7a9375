"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dora.errors import DoraError


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; what is written there replaces ``path`` at the end.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    # A rename is atomic only within one file system, so the temporary file is not in /tmp.
    temporary_path = path.with_name(f"{path.name}.part")
    try:
        yield temporary_path
        with temporary_path.open("rb") as file:  # else a power loss may leave the name and no content
            os.fsync(file.fileno())
        temporary_path.replace(path)
    except OSError as error:
        raise DoraError(
            f"{path} cannot be written ({type(error).__name__}); no file was changed.", "choose another path."
        ) from error
    finally:
        with suppress(OSError):
            temporary_path.unlink(missing_ok=True)


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Write lines as they come, with a line break after each, and return how many; the file is replaced at the end.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    count = 0
    with replace_file(path) as temporary_path, temporary_path.open("wb") as file:
        for line in lines:
            file.write(line)
            file.write(b"\n")
            count += 1
    return count
