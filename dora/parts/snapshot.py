"""Snapshots: the landing of one data folder, published to a store so that a build elsewhere can read it.

A snapshot is a folder of Parquet files, one a table, with a manifest that is written last. ``snapshots/current`` names
the one in force and is replaced after that, so what is half-published is never read.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from dora.errors import DoraError
from dora.parts.store import Store
from dora.storage import database
from dora.storage.connection import escape
from dora.storage.landing import TOTAL
from dora.storage.landing_file import MEMORY
from dora.storage.schema import CONTRACT

FOLDER, MANIFEST = "snapshots", "manifest.json"
CURRENT = f"{FOLDER}/current"
FORMAT = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20_000"  # so many rows are in memory at once


class Total(msgspec.Struct, frozen=True):
    """The number of rows of a table and the sum of their hashes, which JSON has no number for."""

    rows: int
    checksum: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a snapshot: the contract of its tables, the total of each, its sources, and how old they are.

    ``as_of`` is the latest instant up to which a source is complete, in UTC; ``engine`` the version of DuckDB that made
    the checksums.
    """

    id: str
    contract: int
    engine: str
    sources: tuple[str, ...]
    as_of: datetime | None
    totals: dict[str, Total]

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(total.rows for total in self.totals.values())


def landing_tables() -> list[str]:
    """Return the tables of landing that builds read."""
    return [*database.fact_tables(), "load"]


def publish_landing(data: Path, address: str) -> Snapshot:
    """Publish landing.duckdb of a data folder as the snapshot in force of an address, and return that.

    Nothing is written if the rows are those of the last one. Raises ``DoraError``, and leaves the last one in force, if
    the store can not be written, and what ``inspect_landing`` raises.
    """
    store = Store(address)
    with database.inspect_landing(data) as con, TemporaryDirectory(prefix="dora-snapshot-") as scratch:
        content = describe_landing(con)
        last = _read_last(store)
        if last and content == msgspec.structs.replace(last, id=""):
            return last
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        snapshot = msgspec.structs.replace(content, id=name)
        con.execute(f"SET memory_limit = '{MEMORY}'").execute("SET threads = 1")  # each thread has blocks of its own
        for table in landing_tables():
            file = Path(scratch) / f"{table}.parquet"
            con.execute(f"COPY \"{table}\" TO '{escape(file)}' ({FORMAT})")
            store.upload(file, f"{FOLDER}/{name}/{file.name}")
            file.unlink()
    store.write(f"{FOLDER}/{name}/{MANIFEST}", msgspec.json.encode(snapshot))
    store.write(CURRENT, name.encode())
    for other in set(store.folders(FOLDER)) - {name, last and last.id}:  # a build may still read the last one
        store.delete(f"{FOLDER}/{other}")
    return snapshot


def _read_last(store: Store) -> Snapshot | None:
    """Return the snapshot in force; None if there is none, or if it can not be read and has to be replaced."""
    try:
        return read_snapshot(store)
    except DoraError:
        return None


def read_snapshot(store: Store) -> Snapshot:
    """Return the manifest of the snapshot in force. Raises ``DoraError`` if there is none, or it is damaged."""
    if not store.exists(CURRENT):
        raise DoraError(
            f"No landing was published at {store.place}.", f"run `dora ingest NAME --publish {store.place}`."
        )
    name = store.read(CURRENT).decode(errors="replace")
    try:
        return msgspec.json.decode(store.read(f"{FOLDER}/{name}/{MANIFEST}"), type=Snapshot)
    except msgspec.DecodeError as error:
        raise damaged(store, f"{FOLDER}/{name}/{MANIFEST} can not be read") from error


def damaged(store: Store, part: str) -> DoraError:
    """Return the error of a snapshot whose rows are not those that were published."""
    return DoraError(
        f"The landing at {store.place} is damaged: {part}. Nothing was built.",
        f"delete {CURRENT} there and publish it again.",
    )


def describe_landing(con: database.Connection) -> Snapshot:
    """Return the manifest of a landing that is open and verified, without an id."""
    rows = con.execute("SELECT table_name, rows, checksum FROM control_total ORDER BY table_name").fetchall()
    rows += [("load", *total) for total in con.execute(TOTAL.format("load")).fetchall()]
    ((engine,),) = con.execute("SELECT min(engine) FROM control_total").fetchall()
    sources = con.execute("SELECT source, max(as_of) FROM load GROUP BY source ORDER BY source").fetchall()
    times = [as_of for _, as_of in sources if as_of]
    totals = {table: Total(count, str(checksum)) for table, count, checksum in rows}
    return Snapshot(
        id="",
        contract=CONTRACT,
        engine=engine,
        sources=tuple(name for name, _ in sources),
        as_of=max(times, default=None),
        totals=totals,
    )
