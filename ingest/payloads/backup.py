"""A copy of what can not be had again, and a data folder made from one.

Copied are the payloads, from which landing.duckdb is made again, the last build, and dora.toml; no file with secrets.
A copy may be made while a run writes: payloads only grow, and a build is replaced as a whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from dora.errors import DoraError, UsageError
from dora.storage import database
from ingest.payloads.archive import PAYLOADS, SUFFIX, is_compacted, whole_size

MANIFEST, SETTINGS = "backup.json", "dora.toml"
BLOCK = 1 << 20
ATTEMPTS = 5  # to list payloads while a run compacts some of them
Report = Callable[[str], None]


class CopiedFile(msgspec.Struct, frozen=True):
    """One file of a backup: its size and hash, and how large and old the original was."""

    size: int
    sha256: str
    original_size: int
    modified_ns: int


class Manifest(msgspec.Struct):
    """What a backup contains, by path."""

    made_at: datetime
    files: dict[str, CopiedFile] = {}


class BackupSummary(msgspec.Struct):
    """How many files a backup has, how many of them and of their bytes this run copied, and what is damaged."""

    files: int = 0
    copied: int = 0
    copied_bytes: int = 0
    damaged: list[str] = []


def back_up(data: Path, settings: Path | None, target: Path, report: Report = lambda _: None) -> BackupSummary:
    """Copy into ``target`` what changed since the last backup there, and verify each copy.

    A damaged payload is left out, and an earlier copy of it stays. Raises ``UsageError`` for a folder that is no
    backup, ``LockedError`` if another backup writes there.
    """
    _require_backup_folder(data, target)
    with database.lock(target):
        backup = _Backup(target, _read_manifest(target) or Manifest(datetime.now(UTC)), report)
        _write_manifest(target, backup.manifest)  # first, so that an interrupted backup can be continued
        backup.copy_changed(data, settings)
        return backup.summary


def _require_backup_folder(data: Path, target: Path) -> None:
    if target.resolve().is_relative_to(data.resolve()):
        raise UsageError(f"{target} is in the data folder; nothing was copied.", "give a folder on another disk.")
    others = target.is_dir() and any(path.name != database.LOCK for path in target.iterdir())
    if others and _read_manifest(target) is None:
        raise UsageError(f"{target} has other files and is no backup; nothing was copied.", "give an empty folder.")


class _Backup:
    """One run of a backup into a folder."""

    def __init__(self, target: Path, manifest: Manifest, report: Report) -> None:
        self.target, self.manifest, self.report = target, manifest, report
        self.summary = BackupSummary()

    def copy_changed(self, data: Path, settings: Path | None) -> None:
        """Copy every file that differs from its copy; list them again if one was compacted meanwhile."""
        for _ in range(ATTEMPTS):
            originals = _list_originals(data, settings)
            try:
                for name, original in originals.items():
                    if not _is_copied(original, self.target / name, self.manifest.files.get(name)):
                        self._copy(name, original)
            except FileNotFoundError:
                continue
            self._complete(originals)
            return
        raise DoraError(f"The payloads of {data} change all the time; the backup is not complete.", "repeat it.")

    def _copy(self, name: str, original: Path) -> None:
        self.report(f"copying {name}")
        try:
            with original.open("rb") as file:
                stat = os.fstat(file.fileno())
                size = whole_size(original) if SUFFIX in name else stat.st_size
                digest = copy_verified(file, size, self.target / name)
        except zstandard.ZstdError as error:
            self.summary.damaged.append(f"{original} is damaged: {error}")
            return
        self.manifest.files[name] = CopiedFile(size, digest, stat.st_size, stat.st_mtime_ns)
        self.summary.copied += 1
        self.summary.copied_bytes += size

    def _complete(self, originals: Mapping[str, Path]) -> None:
        replaced = _replaced_by_compaction(originals, self.manifest)
        for name in replaced:
            del self.manifest.files[name]
        self.manifest.made_at = datetime.now(UTC)
        self.summary.files = len(self.manifest.files)
        _write_manifest(self.target, self.manifest)
        for name in replaced:
            (self.target / name).unlink(missing_ok=True)


def _list_originals(data: Path, settings: Path | None) -> dict[str, Path]:
    files = {path.relative_to(data).as_posix(): path for path in sorted((data / PAYLOADS).glob(f"*/*/*{SUFFIX}"))}
    others = {database.PUBLISHED: data / database.PUBLISHED, **({SETTINGS: settings} if settings else {})}
    return files | {name: path for name, path in others.items() if path.exists()}


def _is_copied(original: Path, copy: Path, entry: CopiedFile | None) -> bool:
    stat = original.stat()
    if entry is None or entry.original_size != stat.st_size or not copy.exists():
        return False
    # A payload of the same size is the same: it only grows.
    return copy.stat().st_size == entry.size and (SUFFIX in original.name or entry.modified_ns == stat.st_mtime_ns)


def copy_verified(file: BinaryIO, size: int, target: Path) -> str:
    """Copy ``size`` bytes to a file that appears as a whole, and return their SHA-256.

    Raises ``DoraError`` if what is on disk is not what was read.
    """
    database.make_folder(target.parent)
    with database.write_aside(target) as aside:
        with aside.open("xb") as copy:
            digest = _hash_blocks(file, size, copy)
            copy.flush()
            os.fsync(copy.fileno())
        with aside.open("rb") as copy:
            if _hash_blocks(copy, size) != digest:
                raise DoraError(f"The copy {target} differs from its original; it was removed.", "check the disk.")
    return digest


def _hash_blocks(file: BinaryIO, size: int, copy: BinaryIO | None = None) -> str:
    digest, left = hashlib.sha256(), size
    while block := file.read(min(BLOCK, left)):
        digest.update(block)
        left -= len(block)
        if copy:
            copy.write(block)
    return digest.hexdigest()


def _replaced_by_compaction(originals: Mapping[str, Path], manifest: Manifest) -> list[str]:
    """Return the copies whose month the data folder has in one file now, if that was copied.

    Nothing else is removed: what the data folder has lost, a backup keeps.
    """
    compacted = {name.rpartition("/")[0] for name in originals if is_compacted(Path(name)) and name in manifest.files}
    days = [name for name in manifest.files if SUFFIX in name and not is_compacted(Path(name))]
    return [name for name in days if name not in originals and name.rpartition("/")[0][:-3] in compacted]


def _read_manifest(folder: Path) -> Manifest | None:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise DoraError(
            f"{folder / MANIFEST} is damaged: {error}.",
            "back up into an empty folder. Or to restore, copy its payloads into the data folder: run `dora build`.",
        ) from None


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    with database.write_aside(folder / MANIFEST) as aside:
        aside.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def restore_settings(source: Path, path: Path) -> bool:
    """Copy dora.toml of a backup to where it is missing; return whether it was."""
    entry = _require_manifest(source).files.get(SETTINGS)
    if entry is None or path.exists():
        return False
    with (source / SETTINGS).open("rb") as file:
        copy_verified(file, entry.size, path)
    return True


def restore(source: Path, data: Path, report: Report = lambda _: None) -> Manifest:
    """Copy payloads and build of a backup into an empty data folder, and verify each file.

    landing.duckdb is to be made from them next. Raises ``UsageError`` if the folder has data, ``DoraError`` if the
    backup is damaged; then the folder is left empty.
    """
    manifest = _require_manifest(source)
    with database.lock(data):
        if left := sorted(_data_files(data)):
            raise UsageError(
                f"{data} is not empty: it has {left[0]}; nothing was restored.",
                "move it away, or set `data` in dora.toml to another folder.",
            )
        aside = data / f"{PAYLOADS}.aside"
        try:
            for name, entry in manifest.files.items():
                if name != SETTINGS:
                    report(f"restoring {name}")
                    _restore_file(source / name, entry, aside / name)
            _move_in(aside, data)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return manifest


def _data_files(data: Path) -> Iterator[str]:
    ours = (SETTINGS, database.LOCK, "logs", f"{PAYLOADS}.aside")
    return (path.name for path in data.iterdir() if path.name not in ours)


def _restore_file(copy: Path, entry: CopiedFile, target: Path) -> None:
    try:
        with copy.open("rb") as file:
            digest = copy_verified(file, entry.size, target)
    except FileNotFoundError:
        digest = ""
    if digest != entry.sha256:
        raise DoraError(
            f"{copy} is {'damaged' if digest else 'missing'}; nothing was restored.", "take another backup."
        )


def _move_in(aside: Path, data: Path) -> None:
    for name in (PAYLOADS, database.PUBLISHED):
        if (aside / name).exists():
            (aside / name).replace(data / name)
    database.fsync(data)


def _require_manifest(source: Path) -> Manifest:
    if manifest := _read_manifest(source):
        if outside := [name for name in manifest.files if Path(name).is_absolute() or ".." in Path(name).parts]:
            raise DoraError(
                f"{source / MANIFEST} names a file outside of the backup: {outside[0]}.", "take another one."
            )
        return manifest
    raise UsageError(f"{source} is no backup: it has no {MANIFEST}.", "give a folder that `dora backup` wrote.")
