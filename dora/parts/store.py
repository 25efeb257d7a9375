"""A store: files under an address of an object store, or in a folder. A file appears complete or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from dora.errors import DoraError, UsageError
from dora.storage.connection import fsync

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import NativeFile
    from pyarrow.fs import FileInfo, FileSystem

PARTIAL = ".partial"  # end of the name of a file that is being written; no store lists it
# What an address may set. Arrow takes keys and passwords there as well, and addresses are logged and shown.
OPTIONS = frozenset(
    {"scheme", "endpoint_override", "region", "blob_storage_authority", "dfs_storage_authority", "enable_tls"}
)
CREDENTIALS = "set the credentials in the environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
REBUILD = "remove it and repeat what wrote it."


class Store:
    """The files under an address: s3://, gs://, abfs:// or file://, or a folder, which only this user can read.

    Names are relative to the address, with ``/`` between folders. Every method raises ``DoraError`` if the store can
    not be reached, refuses the credentials or has no such file.
    """

    def __init__(self, address: str) -> None:
        """Open an address. Raises ``UsageError`` if it can not be understood or has credentials in it."""
        self.address, self.place = address, address.partition("?")[0]  # the second is for messages
        self._folder = _find_folder(address)
        self._files, self._root = _open_address(address, self._folder)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with self._explain(name), self._files.open_input_stream(self._path(name)) as stream:
            return bytes(stream.read())

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of an earlier one of that name."""
        with self.replace(name) as stream:
            stream.write(content)

    @contextlib.contextmanager
    def replace(self, name: str) -> Iterator[NativeFile]:
        """Yield a stream whose content becomes that of a file at the end of the block, unless the block fails."""
        # A stream to an object store that an error ends publishes what it has so far
        # (https://github.com/apache/arrow/issues/40502), so there too a file gets its name when it is complete.
        path, partial = self._path(name), f"{self._path(name)}.{token_hex(8)}{PARTIAL}"
        with self._explain(name):
            if self._folder:
                _create_private_file(Path(partial))
            try:
                with self._files.open_output_stream(partial) as stream:
                    yield stream
                self._rename(partial, path)
            finally:
                with contextlib.suppress(OSError):
                    self._files.delete_file(partial)

    def read_table(self, name: str) -> pa.Table:
        """Return the rows of a Parquet file."""
        from pyarrow import parquet  # noqa: PLC0415 - heavy

        with self._explain(name), self._files.open_input_file(self._path(name)) as file:
            return parquet.read_table(file)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write rows as a Parquet file."""
        from pyarrow import parquet  # noqa: PLC0415 - heavy

        with self.replace(name) as stream:
            parquet.write_table(table, stream, compression="zstd")

    def upload(self, path: Path, name: str) -> None:
        """Copy a file of this machine into the store."""
        with path.open("rb") as source, self.replace(name) as stream:
            shutil.copyfileobj(source, stream)

    def download(self, name: str, path: Path) -> None:
        """Copy a file of the store to a path of this machine."""
        with self._explain(name), self._files.open_input_stream(self._path(name)) as stream, path.open("wb") as target:
            shutil.copyfileobj(stream, target)

    def exists(self, name: str) -> bool:
        """Return whether there is a file of that name."""
        with self._explain(name):
            return bool(self._files.get_file_info(self._path(name)).is_file)

    def names(self, folder: str = "") -> list[str]:
        """Return the names of all files in a folder and those below it, sorted; none if it is missing."""
        return sorted(info.path[len(self._root) + 1 :] for info in self._list(folder, recursive=True) if info.is_file)

    def folders(self, folder: str = "") -> list[str]:
        """Return the names of the folders directly in a folder, sorted, without those above them."""
        return sorted(info.base_name for info in self._list(folder, recursive=False) if not info.is_file)

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all in it; nothing happens if there is neither."""
        from pyarrow.fs import FileType  # noqa: PLC0415 - heavy

        with self._explain(name):
            kind = self._files.get_file_info(self._path(name)).type
            if kind == FileType.File:
                self._files.delete_file(self._path(name))
            elif kind == FileType.Directory:
                self._files.delete_dir(self._path(name))

    def local_path(self, name: str) -> Path | None:
        """Return where a file is on this machine; None in an object store."""
        return Path(self._path(name)) if self._folder else None

    def _path(self, name: str) -> str:
        if ".." in name.split("/") or name.startswith("/"):
            raise UsageError(f"{name} is not a name in the store {self.place}; nothing was touched.")
        return f"{self._root}/{name}" if name else self._root

    def _rename(self, partial: str, path: str) -> None:
        if self._folder:
            fsync(Path(partial))
            Path(partial).replace(path)
            fsync(Path(path).parent)
        else:
            self._files.copy_file(partial, path)

    def _list(self, folder: str, *, recursive: bool) -> list[FileInfo]:
        from pyarrow.fs import FileSelector  # noqa: PLC0415 - heavy

        selector = FileSelector(self._path(folder), recursive=recursive, allow_not_found=True)
        with self._explain(folder):
            return [info for info in self._files.get_file_info(selector) if not info.path.endswith(PARTIAL)]

    @contextlib.contextmanager
    def _explain(self, name: str) -> Iterator[None]:
        from pyarrow import ArrowInvalid  # noqa: PLC0415 - heavy

        try:
            yield
        except FileNotFoundError:
            raise DoraError(f"There is no {name} in the store {self.place}.", "check the address.") from None
        except ArrowInvalid as error:
            raise DoraError(f"{name} of the store {self.place} is damaged: {_first_line(error)}.", REBUILD) from error
        except OSError as error:
            next_step = f"see that it can be reached; {CREDENTIALS}" if self._folder is None else "correct that."
            raise DoraError(f"The store {self.place}: {name}: {_first_line(error)}.", next_step) from error


def _find_folder(address: str) -> Path | None:
    """Return the folder of an address, absolute; None for an object store."""
    if "://" not in address:
        return Path(address).absolute()
    return Path(unquote(urlsplit(address).path)) if address.startswith("file://") else None


def _open_address(address: str, folder: Path | None) -> tuple[FileSystem, str]:
    """Return the file system of an address and the path in it."""
    from pyarrow.fs import FileSystem, LocalFileSystem  # noqa: PLC0415 - heavy

    if folder is not None:
        return LocalFileSystem(), str(folder)
    parts = urlsplit(address)
    if parts.password is not None or {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)} - OPTIONS:
        # Without the address, which may have a secret in it.
        raise UsageError(
            f"An address of a store has a user with a password, or another option than {', '.join(sorted(OPTIONS))}.",
            CREDENTIALS,
        )
    try:
        files, root = FileSystem.from_uri(address)
    except (ValueError, OSError, NotImplementedError) as error:
        raise UsageError(
            f"{address} is no store that can be opened: {_first_line(error)}.",
            "use s3://BUCKET/FOLDER, gs://BUCKET/FOLDER, abfs://CONTAINER@ACCOUNT.dfs.core.windows.net or a folder.",
        ) from None
    return files, root.rstrip("/")


def _create_private_file(path: Path) -> None:
    """Create an empty file that only this user can read, and the folders that are missing above it."""
    for folder in reversed([folder for folder in path.parents if not folder.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
        fsync(folder.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(". ")
