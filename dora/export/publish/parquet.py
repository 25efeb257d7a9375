"""`dora publish parquet`: every published table as Parquet files in a folder or an object store, with a manifest.

An object store can not replace a folder in one step, so each build has a folder of its own, and ``manifest.json``,
which is replaced in one step when that is complete, names it. The build before stays for those that read it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from dora.api import Delivery
from dora.errors import UsageError
from dora.export.publish.manifest_types import Column, File, Manifest, Table, make_schema
from dora.export.publish.published_build import Build, describe_build
from dora.export.publish.tables import Part, SourceTable, list_source_tables
from dora.parts.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, SCHEMA, BUILDS = "manifest.json", "manifest.schema.json", "builds"
NO_TIME = "__HIVE_DEFAULT_PARTITION__"  # how Hive and those after it write a partition of null
ENCODER = msgspec.json.Encoder(order="deterministic")


def write(delivery: Delivery, address: str) -> Manifest:
    """Publish the tables of a build under an address, a folder or such as ``s3://bucket/folder``; return the manifest.

    Raises ``DoraError`` if that is not possible; the manifest then still names the build before.
    """
    store = Store(address)
    before = _read_manifest(store)
    build = describe_build(delivery)
    path = f"{BUILDS}/{_name_build(build)}"
    tables = [_write_table(store, path, source) for source in list_source_tables(delivery)]
    previous = None if before is None else before.path if before.path != path else before.previous
    manifest = Manifest(schema=SCHEMA, path=path, previous=previous, build=build, tables=tables)
    _write_file(store, SCHEMA, ENCODER.encode(make_schema()))
    content = ENCODER.encode(manifest)
    _write_file(store, f"{path}/{MANIFEST}", content)
    _write_file(store, MANIFEST, content)
    _remove_builds(store, {path, previous})
    return manifest


def _read_manifest(store: Store) -> Manifest | None:
    """Return what is published; null if nothing is. Raises ``UsageError`` if the place is taken by something else."""
    try:
        if store.exists(MANIFEST):
            return msgspec.json.decode(store.read(MANIFEST), type=Manifest)
    except msgspec.DecodeError:
        pass  # a manifest of another tool
    else:
        others = [name for name in store.names() if not name.startswith(f"{BUILDS}/")]
        if not others:
            return None
    happened = f"{store.address} has files that `dora publish parquet` did not write; nothing was written."
    raise UsageError(happened, "name a folder that does not exist.")


def _name_build(build: Build) -> str:
    """Return the name of the folder of a build: later data has a greater one, and the same build the same."""
    as_of = "".join(character for character in build.as_of or "" if character.isalnum())
    return f"{as_of or 'no-data'}-{build.build_id[:12]}-{build.version}"


def _write_table(store: Store, path: str, source: SourceTable) -> Table:
    files = []
    for part in source.read():
        folder = f"{source.about.name}/month={part.month or NO_TIME}" if source.by_month else source.about.name
        files.append(_write_part(store, f"{path}/{folder}/data.parquet", source.schema(), part))
    units = source.units()
    return Table(
        name=source.about.name,
        grain=source.about.grain,
        unique_key=source.about.unique_key,
        time=source.about.time,
        by_month=source.by_month,
        rows=sum(file.rows for file in files),
        columns=[
            Column(name=name, type=kind, unit=units[name], meaning=source.meanings[name])
            for name, kind in source.types.items()
        ],
        files=files,
    )


def _write_part(store: Store, name: str, schema: pa.Schema, part: Part) -> File:
    from pyarrow import parquet  # noqa: PLC0415 - heavy

    rows = 0
    # Its hash is known before it is sent, and an error of the build is not one of the store.
    with TemporaryDirectory(prefix="dora-publish-") as folder:
        file = Path(folder) / "data.parquet"
        with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in part.batches:
                writer.write_batch(batch.cast(schema))
                rows += batch.num_rows
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        store.upload(file, name)
        _open_to_readers(store, name)
        return File(path=name, rows=rows, bytes=file.stat().st_size, sha256=sha256, month=part.month)


def _write_file(store: Store, name: str, content: bytes) -> None:
    store.write(name, content + b"\n")
    _open_to_readers(store, name)


def _open_to_readers(store: Store, name: str) -> None:
    """Let others read a file of this machine and the folders to it, as far as the umask does: it is made for them."""
    path = store.local_path(name)
    if path is None:
        return
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
    for folder in path.parents[: name.count("/") + 1]:
        folder.chmod(0o777 & ~umask)


def _remove_builds(store: Store, kept: set[str | None]) -> None:
    """Remove builds of older data than those that are kept, and what failed runs left of such."""
    oldest = min(filter(None, kept))
    for name in store.folders(BUILDS):
        path = f"{BUILDS}/{name}"
        if path not in kept and path < oldest:
            store.delete(path)
