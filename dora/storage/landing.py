"""landing.duckdb: load the rows of one source, merged by key, and prove that none is lost or altered.

``dora.storage.database`` opens the file. Every fact table has a control total (row count and sum of the row hashes). It
is updated in the transaction that changes the rows, and compared whenever the file is opened.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import duckdb
from duckdb import DuckDBPyConnection as Connection

from dora.errors import DoraError, UnusableError, counted
from dora.storage import schema
from dora.storage.schema import fact_tables
from dora.storage.sql_errors import NEXT_STEPS, explain, is_damage

if TYPE_CHECKING:
    import pyarrow as pa

LANDING = "landing.duckdb"
WITHOUT_TOTAL = ("load", "watermark")
# HUGEINT, because the sum of 64-bit hashes leaves 64 bits with the second row.
TOTAL = "SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0) FROM {} t"
_MATCHED_ROWS = '(FROM "{}" SEMI JOIN batch USING (source, id))'  # rows of a table whose keys are in the batch
_BATCH_ROWS = '(FROM (FROM "{}" LIMIT 0) UNION ALL BY NAME FROM batch)'  # the batch in the table's column order

_ID_TIME = "%Y%m%dT%H%M%S%f"
_MICROSECOND = timedelta(microseconds=1)
_RECORD_LOADS = """
INSERT INTO load
SELECT id, $1, started, started, as_of, complete_since, documents, 0, [], bytes
FROM (
  SELECT strptime(left(id, 21), '%Y%m%dT%H%M%S%f') AS started, * FROM (
    SELECT unnest($2::VARCHAR[]) AS id, unnest($3::TIMESTAMP[]) AS as_of, unnest($4::TIMESTAMP[]) AS complete_since,
      unnest($5::BIGINT[]) AS documents, unnest($6::BIGINT[]) AS bytes
  )
)
WHERE id NOT IN (SELECT load_id FROM load)
"""


class ArchivedLoad(NamedTuple):
    """A load that an archive tells of; times are in UTC, without a time zone."""

    id: str
    as_of: datetime | None
    complete_since: datetime | None
    documents: int
    archived_bytes: int


class Load:
    """One run of one source into landing.duckdb, from ``open_load`` to ``finish``.

    ``merged`` counts the new, changed and unchanged rows by table.
    """

    def __init__(self, con: Connection, source: str) -> None:
        self.con, self.source = con, source
        self.started_at = datetime.now(UTC).replace(tzinfo=None)
        self.id = f"{self._next_time():{_ID_TIME}}-{secrets.token_hex(3)}"
        self.merged: dict[str, dict[str, int]] = {}
        self._schemas: dict[str, pa.Schema] = {}
        con.execute(
            "INSERT INTO load VALUES (?, ?, ?, NULL, NULL, NULL, 0, 0, [], 0)", [self.id, source, self.started_at]
        )

    def _next_time(self) -> datetime:
        """Return now, or just after the last load: payloads are replayed in the order of ids, also if a clock jumps."""
        ((last,),) = self.con.execute("SELECT max(load_id) FROM load").fetchall()
        earliest = datetime.strptime(last.partition("-")[0], _ID_TIME) + _MICROSECOND if last else datetime.min
        return max(self.started_at, earliest)

    def schema(self, table: str) -> pa.Schema:
        """Return the Arrow schema of a landing table; safe while another thread commits."""
        if table not in self._schemas:
            _require_fact_table(table)
            with self.con.cursor() as con:
                empty = con.sql(f'SELECT * FROM "{table}" LIMIT 0')  # noqa: S608 - the name was checked
                self._schemas[table] = empty.to_arrow_table().schema
        return self._schemas[table]

    def commit(
        self, batches: Mapping[str, pa.Table], watermarks: Mapping[str, str] | None = None, archived_bytes: int = 0
    ) -> None:
        """Merge rows by ``(source, id)`` and move watermarks, in one transaction.

        ``archived_bytes`` is the size of the archive with the documents of these and all earlier rows.
        """
        self.con.begin()
        try:
            for table, batch in batches.items():
                _require_fact_table(table)
                self._merge(table, batch)
            for stream, value in (watermarks or {}).items():
                self.con.execute("DELETE FROM watermark WHERE source = ? AND stream = ?", [self.source, stream])
                self.con.execute("INSERT INTO watermark VALUES (?, ?, ?, ?)", [self.source, stream, value, self.id])
            if archived_bytes:
                self.mark_archived(self.id, archived_bytes)
            self.con.commit()
        except BaseException:
            self.con.rollback()
            raise

    def mark_archived(self, load_id: str, archived_bytes: int) -> None:
        """Record up to which byte the archive of a load is in landing."""
        query = "UPDATE load SET archived_bytes = greatest(archived_bytes, $bytes) WHERE load_id = $load"
        self.con.execute(query, {"bytes": archived_bytes, "load": load_id})

    def archived_bytes(self) -> dict[str, int]:
        """Return up to which byte the archive of each earlier load of this source is in landing, by load."""
        query = "SELECT load_id, archived_bytes FROM load WHERE source = ? AND load_id < ? ORDER BY load_id"
        return dict(self.con.execute(query, [self.source, self.id]).fetchall())

    def record_loads(self, loads: Sequence[ArchivedLoad]) -> None:
        """Record loads whose archives were replayed, and which landing may not have."""
        for load in loads:
            self.mark_archived(load.id, load.archived_bytes)
        if columns := [list(column) for column in zip(*loads, strict=True)]:
            self.con.execute(_RECORD_LOADS, [self.source, *columns])

    def _merge(self, table: str, batch: pa.Table) -> None:
        self.con.register("batch", batch)
        rows_before, checksum_before = self._total(_MATCHED_ROWS.format(table))
        if rows_before:
            inserted, updated = self._merge_by_key(table, batch.column_names)
            rows_after, checksum_after = self._total(_MATCHED_ROWS.format(table))
        else:  # no key is known, as on a first run: a plain INSERT takes a fraction of the time of a MERGE
            rows_after, checksum_after = self._total(_BATCH_ROWS.format(table))
            self.con.execute(f'INSERT INTO "{table}" BY NAME FROM batch')
            inserted, updated = rows_after, 0
        self.con.unregister("batch")
        self.con.execute(
            "UPDATE control_total SET rows = rows + ?, checksum = checksum + ?, load_id = ? WHERE table_name = ?",
            [rows_after - rows_before, checksum_after - checksum_before, self.id, table],
        )
        counts = self.merged.setdefault(table, {"new": 0, "changed": 0, "unchanged": 0})
        counts["new"] += inserted
        counts["changed"] += updated
        counts["unchanged"] += batch.num_rows - inserted - updated

    def _merge_by_key(self, table: str, columns: Sequence[str]) -> tuple[int, int]:
        """Merge a batch; return how many rows were inserted and how many were updated.

        A row is updated if a value differs and its document had come at least as far: of two that had come equally far
        the later one replaces the other with all its rows.
        """
        from dora.storage.rows.base import CONTENT_BITS  # noqa: PLC0415 - a reader of the build needs none of it

        values = [name for name in columns if name not in ("source", "id", "load_id")]
        replaces = " OR ".join(f't."{name}" IS DISTINCT FROM s."{name}"' for name in values)
        if "revision" in values:
            replaces = f"s.revision >> {CONTENT_BITS} >= t.revision >> {CONTENT_BITS} AND ({replaces})"
        actions = self.con.execute(
            f'MERGE INTO "{table}" t USING batch s ON t.source = s.source AND t.id = s.id'
            f" WHEN MATCHED AND ({replaces}) THEN UPDATE BY NAME"
            " WHEN NOT MATCHED THEN INSERT BY NAME RETURNING merge_action"
        ).fetchall()
        inserted = sum(1 for (action,) in actions if action == "INSERT")
        return inserted, len(actions) - inserted

    def _total(self, rows: str) -> tuple[int, int]:
        ((count, checksum),) = self.con.execute(TOTAL.format(rows)).fetchall()
        return int(count), int(checksum)

    def finish(
        self,
        as_of: datetime | None,
        documents: int,
        quarantined: int,
        partial_failures: list[str],
        complete_since: datetime | None = None,
    ) -> None:
        """Record that the load is complete, and make it durable. Times are in UTC, without a time zone."""
        self.con.execute(
            "UPDATE load SET finished_at = ?, as_of = ?, documents = ?, quarantined = ?, partial_failures = ?,"
            " complete_since = ? WHERE load_id = ?",
            [
                *(datetime.now(UTC).replace(tzinfo=None), as_of, documents, quarantined, partial_failures),
                *(complete_since, self.id),
            ],
        )
        # DuckDB can skip the damaged end of a log without an error, so the log is emptied into the file.
        self.con.execute("CHECKPOINT")


def prepare(con: Connection) -> None:
    """Create the tables of the contract in an empty file."""
    if con.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]:
        return
    con.begin()
    con.execute(schema.create_statements())
    con.execute("INSERT INTO control_total SELECT unnest(?), 0, 0, '-', ?", [fact_tables(), duckdb.__version__])
    con.commit()


def update_engine(con: Connection) -> None:
    """Compute the control totals again if another version of DuckDB did: it may hash a row to another number."""
    if not con.execute("SELECT 1 FROM control_total WHERE engine <> ?", [duckdb.__version__]).fetchall():
        return
    write_totals(con)


def write_totals(con: Connection) -> None:
    """Compute the control total of each table of facts from its rows."""
    con.begin()
    for table, (rows, checksum) in _read_totals(con, fact_tables(), "").items():
        con.execute(
            "UPDATE control_total SET rows = ?, checksum = ?, engine = ? WHERE table_name = ?",
            [rows, checksum, duckdb.__version__, table],
        )
    con.commit()


def verify(con: Connection, catalog: str = "") -> None:
    """Compare every table with its control total. Raises ``UnusableError`` if a row is lost or altered."""
    schema.check_contract(con, catalog)
    prefix = f"{catalog}." if catalog else ""
    control_totals = con.execute(f"SELECT table_name, rows, checksum, engine FROM {prefix}control_total").fetchall()  # noqa: S608 - our catalog
    # A table without a total is read as well: DuckDB finds a damaged block only when it reads it.
    totals = _read_totals(con, [*(table for table, *_ in control_totals), *WITHOUT_TOTAL], prefix)
    for table, rows, checksum, engine in control_totals:
        rows_found, checksum_found = totals[table]
        if rows_found != rows:
            raise _damaged(table, f"{counted(rows_found, 'row')} found, {rows:,} committed")
        # Another version of DuckDB may hash the same row to another number.
        if engine == duckdb.__version__ and checksum_found != checksum:
            raise _damaged(table, "its rows differ from those committed")


def _read_totals(con: Connection, tables: Sequence[str], prefix: str) -> dict[str, tuple[int, int]]:
    """Return row count and checksum of each table; the tables are read one by one only to name a damaged one."""
    totals = {table: TOTAL.format(f'{prefix}"{table}"') for table in tables}
    queries = {table: f"SELECT '{table}', * FROM ({total})" for table, total in totals.items()}  # noqa: S608 - our names
    with contextlib.suppress(duckdb.Error):
        rows_of_all = con.execute(" UNION ALL ".join(queries.values())).fetchall()
        return {table: (int(rows), int(checksum)) for table, rows, checksum in rows_of_all}
    rows_of_all = []
    for table, query in queries.items():
        try:
            rows_of_all += con.execute(query).fetchall()
        except duckdb.Error as error:
            raise (_damaged(table, str(error).splitlines()[0]) if is_damage(error) else explain(error, None)) from error
    return {table: (int(rows), int(checksum)) for table, rows, checksum in rows_of_all}


def _require_fact_table(table: str) -> None:
    if table not in fact_tables():
        raise DoraError(f"The contract has no table {table}; nothing was landed.")


def _damaged(table: str, damage: str) -> UnusableError:
    return UnusableError(
        f"{LANDING} is damaged: table {table}: {damage}. The last build is untouched.", NEXT_STEPS[LANDING]
    )
