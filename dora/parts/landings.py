"""One landing of several: those of data folders, and those that were published to a store as snapshots."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
import msgspec

from dora.errors import DoraError
from dora.parts.snapshot import FOLDER as SNAPSHOTS
from dora.parts.snapshot import Snapshot, damaged, describe_landing, landing_tables, read_snapshot
from dora.parts.store import Store
from dora.storage import database
from dora.storage.connection import Connection, connect, escape, write_aside
from dora.storage.landing import LANDING, TOTAL, write_totals
from dora.storage.landing_file import MEMORY
from dora.storage.schema import CONTRACT, REPEATED_ROW

FOLDER = "landings"  # of the joined landing, in the data folder
ORIGIN = "origin.json"  # beside the joined landing: what it was made of
KEYS = {"load": ("load_id",)}  # what is unique in a table of landing; else its source and id
SIDES = ("earlier", "later")
BOOKKEEPING = ("archived_document", "quarantine")  # of which no number is made
# Two landings that name one system differently have other sources and the same ids.
REPEATED = {"execution": "application, id"}
COUNT_REPEATED = """
INSERT INTO repeated_row
SELECT '{table}', concat_ws(', ', first.source, nullif(second.source, first.source)), $landings, count(*), min(first.id)
FROM {first}."{table}" AS first INNER JOIN {second}."{table}" AS second USING ({key})
GROUP BY first.source, second.source
"""


class Landing(NamedTuple):
    """A landing at an address, and what it has."""

    address: str
    snapshot: Snapshot

    @property
    def place(self) -> str:
        """The address without its options, as people read it."""
        return self.address.partition("?")[0]


def join_landings(addresses: Sequence[str], data: Path, report: Callable[[str], None] = lambda _: None) -> Path:
    """Make one landing of those at some addresses and return its folder, which is in a data folder.

    An address is a data folder, or has a published landing. The joined landing is kept while these do not change. Of
    the rows that several landings have, that of the document that had come furthest is taken, and ``repeated_row``
    counts them. Raises ``DoraError`` if a landing is missing, damaged or of another contract.
    """
    folder = data / FOLDER
    with contextlib.ExitStack() as stack:
        landings = [stack.enter_context(open_landing(address)) for address in addresses]
        origin = msgspec.json.encode(landings)
        if _read_origin(folder) == origin:
            return folder
        with database.replace_landing(folder) as path:
            (folder / ORIGIN).unlink(missing_ok=True)
            with TemporaryDirectory(prefix="rows-", dir=folder) as scratch, connect(path) as con:
                _fill(con, landings, Path(scratch), report)
    with write_aside(folder / ORIGIN) as aside:
        aside.write_bytes(origin)
    return folder


@contextlib.contextmanager
def open_landing(address: str) -> Iterator[Landing]:
    """Yield the landing at an address; the lock of a data folder is held until the block ends.

    Raises ``DoraError`` if there is none, it is damaged, or it is of another contract.
    """
    if _is_data_folder(address):
        with database.inspect_landing(Path(address)) as con:
            yield Landing(address, describe_landing(con))
        return
    store = Store(address)
    snapshot = read_snapshot(store)
    if snapshot.contract != CONTRACT:
        raise DoraError(
            f"The landing at {store.place} has contract {snapshot.contract}, and this version reads {CONTRACT}.",
            "use one version of delivery-metrics here and where it is published.",
        )
    yield Landing(address, snapshot)


def _is_data_folder(address: str) -> bool:
    return "://" not in address and (Path(address) / LANDING).exists()


def _read_origin(folder: Path) -> bytes | None:
    return (folder / ORIGIN).read_bytes() if (folder / ORIGIN).exists() and database.is_usable(folder) else None


def _fill(con: Connection, landings: Sequence[Landing], scratch: Path, report: Callable[[str], None]) -> None:
    con.execute(f"SET temp_directory = '{escape(scratch)}'").execute(f"SET memory_limit = '{MEMORY}'")
    con.execute("SET threads = 1").execute("SET preserve_insertion_order = false")  # each thread has blocks of its own
    con.execute(f"CREATE TABLE repeated_row ({REPEATED_ROW})")
    for number, landing in enumerate(landings):
        report(f"landing {number + 1} of {len(landings)}")
        _attach(con, landing, f"landing_{number}", scratch)
        shared = [other for other in range(number) if _share_sources(landings[other], landing)]
        for table in landing_tables():
            _insert_rows(con, table, f'landing_{number}."{table}"', is_shared=bool(shared))
        for other in range(number):
            names = f"{landings[other].place}, {landing.place}"
            _count_repeated(con, f"landing_{other}", f"landing_{number}", names, is_shared=other in shared)
    write_totals(con)


def _attach(con: Connection, landing: Landing, catalog: str, scratch: Path) -> None:
    if _is_data_folder(landing.address):
        con.execute(f"ATTACH '{escape(Path(landing.address) / LANDING)}' AS {catalog} (READ_ONLY)")
    else:
        con.execute(f"ATTACH ':memory:' AS {catalog}")
        _read_snapshot_rows(con, catalog, Store(landing.address), landing.snapshot, scratch)


def _share_sources(first: Landing, second: Landing) -> bool:
    return not set(first.snapshot.sources).isdisjoint(second.snapshot.sources)


def _read_snapshot_rows(con: Connection, catalog: str, store: Store, snapshot: Snapshot, scratch: Path) -> None:
    """Create a view of each table of a snapshot. Raises ``DoraError`` if its rows are not those of the manifest."""
    for table in landing_tables():
        name = f"{SNAPSHOTS}/{snapshot.id}/{table}.parquet"
        path = store.local_path(name)
        if path is None:
            path = scratch / f"{catalog}-{table}.parquet"
            store.download(name, path)
        total = snapshot.totals[table]
        try:
            con.execute(f"CREATE VIEW {catalog}.\"{table}\" AS FROM read_parquet('{escape(path)}')")
            ((rows, checksum),) = con.execute(TOTAL.format(f'{catalog}."{table}"')).fetchall()
        except duckdb.Error as error:
            raise damaged(store, f"{name}: {str(error).splitlines()[0]}") from error
        # Another version of DuckDB may hash the same row to another number.
        differs = rows != total.rows or (snapshot.engine == duckdb.__version__ and str(checksum) != total.checksum)
        if differs or _read_columns(con, f'{catalog}."{table}"') != _read_columns(con, f'"{table}"'):
            raise damaged(store, f"the rows of {name} are not those that were published")


def _insert_rows(con: Connection, table: str, rows: str, *, is_shared: bool) -> None:
    """Insert rows into a table; where another landing may have the same, those that had come furthest stay."""
    if is_shared:
        keys = KEYS.get(table, ("source", "id"))
        order = [name for name, _ in _read_columns(con, f'"{table}"') if name in ("revision", "load_id")]
        same = " AND ".join(f"earlier.{key} = later.{key}" for key in keys)
        earlier, later = (", ".join(f"{side}.{name}" for name in sorted(order, reverse=True)) for side in SIDES)
        con.execute(f'DELETE FROM "{table}" AS earlier USING {rows} AS later WHERE {same} AND ({earlier}) < ({later})')  # noqa: S608 - our names
        rows += f' ANTI JOIN "{table}" USING ({", ".join(keys)})'
    con.execute(f'INSERT INTO "{table}" BY NAME FROM {rows}')


def _count_repeated(con: Connection, first: str, second: str, landings: str, *, is_shared: bool) -> None:
    """Count the rows that two landings have; those of sources that only one has can not be the same."""
    tables = [table for table in database.fact_tables() if table not in BOOKKEEPING] if is_shared else REPEATED
    for table in tables:
        key = REPEATED.get(table, "source, id")
        con.execute(COUNT_REPEATED.format(table=table, first=first, second=second, key=key), {"landings": landings})


def _read_columns(con: Connection, table: str) -> list[tuple[str, str]]:
    """Return the names and types of the columns of a table."""
    return [(name, kind) for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()]
