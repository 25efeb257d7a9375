"""A folder of files that is replaced as a whole or not at all, while others read it.

No file system replaces one full folder by another in one step, but every one replaces a symbolic link: the folder is a
link to a version beside it, whose name begins with a dot. The version before stays for those that read it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dora.errors import DoraError


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder; what is written there becomes the content of ``path`` at the end, in one step.

    Equal content is the same version. Raises ``DoraError`` if ``path`` has files that no earlier call wrote, or if it
    cannot be written; it is then unchanged.
    """
    path = path.absolute()
    _check(path)
    temporary_path = _version(path, f"part.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary_path, ignore_errors=True)
        temporary_path.mkdir()
        yield temporary_path
        version = _version(path, _sync_and_hash(temporary_path))
        if not version.exists():
            temporary_path.rename(version)
        previous = path.resolve() if path.is_symlink() else None
        _link(path, version)
        _remove_versions(path, {version, previous})
    except OSError as error:
        raise DoraError(
            f"{path} cannot be written ({type(error).__name__}); it was not changed.", "choose another path."
        ) from error
    finally:
        shutil.rmtree(temporary_path, ignore_errors=True)


def _check(path: Path) -> None:
    is_ours = path.is_symlink() and path.readlink().name.startswith(f".{path.name}.")
    is_empty = path.is_dir() and not path.is_symlink() and not any(path.iterdir())
    if not (is_ours or is_empty or not os.path.lexists(path)):
        raise DoraError(
            f"{path} has other content, and its place would be taken by a link; nothing was written.",
            "name a folder that does not exist.",
        )


def _version(path: Path, name: str) -> Path:
    return path.with_name(f".{path.name}.{name}")


def _sync_and_hash(folder: Path) -> str:
    """Write all files of a folder to the disk, and return the beginning of the hash of their names and contents."""
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        with file.open("rb") as content:
            os.fsync(content.fileno())
            digest.update(f"{file.relative_to(folder)}\0".encode())
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]


def _link(path: Path, version: Path) -> None:
    link = _version(path, f"link.{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(version.name)  # relative, so that the folder above may move
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    link.replace(path)


def _remove_versions(path: Path, kept: set[Path | None]) -> None:
    with suppress(OSError):
        for version in path.parent.iterdir():
            if version.name.startswith(f".{path.name}.") and version not in kept and version.is_dir():
                shutil.rmtree(version, ignore_errors=True)
