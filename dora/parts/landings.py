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
KEYS = {"load": "load_id"}  # what is unique in a table of landing; else its source and id
BOOKKEEPING = ("archived_document", "quarantine")  # of which no number is made
# Two landings that name one system differently have other sources and the same ids.
REPEATED = {"execution": "application, id"}
COUNT_REPEATED = """
INSERT INTO repeated_row
SELECT '{table}', sources, landings, count(*), min(id)
FROM (
  SELECT
    min(id) AS id,
    string_agg(DISTINCT source, ', ' ORDER BY source) AS sources,
    string_agg(DISTINCT address, ', ' ORDER BY address) AS landings
  FROM ({rows}) INNER JOIN addresses USING (landing)
  GROUP BY {key}
  HAVING count(DISTINCT landing) > 1
)
GROUP BY sources, landings
"""
ONE_OF_KEY = "QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}, landing) = 1"


class Landing(NamedTuple):
    """A landing at an address, and what it has."""

    address: str
    snapshot: Snapshot


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
    con.execute(f"CREATE TABLE repeated_row ({REPEATED_ROW})")
    con.execute("CREATE TEMP TABLE addresses (landing INTEGER, address VARCHAR)")
    for number, (address, snapshot) in enumerate(landings):
        report(f"landing {number + 1} of {len(landings)}")
        con.execute("INSERT INTO addresses VALUES (?, ?)", [number, address.partition("?")[0]])
        if _is_data_folder(address):
            con.execute(f"ATTACH '{escape(Path(address) / LANDING)}' AS landing_{number} (READ_ONLY)")
        else:
            con.execute(f"ATTACH ':memory:' AS landing_{number}")
            _read_snapshot_rows(con, f"landing_{number}", Store(address), snapshot, scratch)
    for table in landing_tables():
        _insert_rows(con, table, landings)
    write_totals(con)


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


def _insert_rows(con: Connection, table: str, landings: Sequence[Landing]) -> None:
    """Insert the rows of all landings into a table, one for each key, and count the rows that several have."""
    selects = [f'SELECT {number} AS landing, * FROM landing_{number}."{table}"' for number in range(len(landings))]  # noqa: S608 - our names
    rows, key = " UNION ALL BY NAME ".join(selects), KEYS.get(table, "source, id")
    columns = dict(_read_columns(con, f'"{table}"'))
    sources = [source for landing in landings for source in landing.snapshot.sources]
    is_shared = len(set(sources)) < len(sources)
    if table in REPEATED or (is_shared and "id" in columns and table not in BOOKKEEPING):
        con.execute(COUNT_REPEATED.format(table=table, rows=rows, key=REPEATED.get(table, key)))
    order = "revision DESC, load_id DESC" if "revision" in columns else "load_id DESC"
    one = ONE_OF_KEY.format(key=key, order=order) if is_shared else ""
    con.execute(f'INSERT INTO "{table}" BY NAME SELECT * EXCLUDE (landing) FROM ({rows}) {one}')  # noqa: S608 - our names


def _read_columns(con: Connection, table: str) -> list[tuple[str, str]]:
    """Return the names and types of the columns of a table."""
    return [(name, kind) for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()]
