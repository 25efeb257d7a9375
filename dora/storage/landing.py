"""What landing.duckdb is and how rows come into it: one load of one source, merged, counted, proven whole.

``dora.storage.database`` opens the file. Every table of facts has a control total (rows, sum of their hashes), moved
in the transaction that moves its rows, and compared whenever the file is opened.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from dora.errors import DoraError, StaleError, counted
from dora.storage import remembered, source_state
from dora.storage import schema as contract

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection as Connection

LANDING = "landing.duckdb"
BOOKKEEPING = frozenset({"contract", "load", "control_total", "watermark"})
_TOUCHED = 'FROM "{}" SEMI JOIN batch USING (source, id)'  # rows of a table whose keys a batch has
_TO_COME = '(FROM "{}" LIMIT 0) UNION ALL BY NAME FROM batch'  # rows of a batch as that table will hold them


def fact_tables() -> list[str]:
    """Names of the landing tables that hold facts, in the contract's order."""
    names = re.findall(r"CREATE TABLE (\w+)", contract.text())
    return [name for name in names if name not in BOOKKEEPING]


class Load:
    """One run of one source into landing.duckdb, between ``open_load`` and ``finish``.

    ``merged`` counts rows per table and what became of them: new, changed or unchanged.
    """

    def __init__(self, con: Connection, source: str) -> None:
        self._con, self.source = con, source
        now = datetime.now(UTC)
        self.id = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        self.started_at = now.replace(tzinfo=None)
        self.merged: dict[str, dict[str, int]] = {}
        self._schemas: dict[str, pa.Schema] = {}
        con.execute("INSERT INTO load VALUES (?, ?, ?, NULL, NULL, 0, 0, [])", [self.id, source, self.started_at])

    def watermarks(self) -> dict[str, str]:
        """How far each stream of this source has been read."""
        rows = self._con.execute("SELECT stream, value FROM watermark WHERE source = ?", [self.source])
        return dict(rows.fetchall())

    def unfinished(self) -> list[tuple[str, str]]:
        """Id and application of executions of this source that had not completed when last seen, and still exist."""
        return self._con.execute(
            "SELECT id, application FROM execution ANTI JOIN deleted_execution USING (source, id)"
            " WHERE source = ? AND status IN ('running', 'not_started', 'unknown') ORDER BY id",
            [self.source],
        ).fetchall()

    def pipelines(self) -> list[tuple[str, str]]:
        """Id and application of every pipeline of this source that was ever seen, configured or run."""
        return self._con.execute(
            "SELECT pipeline_id, application FROM execution WHERE source = $1 AND pipeline_id IS NOT NULL"
            " UNION SELECT id, application FROM pipeline WHERE source = $1 ORDER BY ALL",
            [self.source],
        ).fetchall()

    def recent(self, days: int = 15) -> list[tuple[str, str, str | None, str, int]]:
        """Id, application, pipeline, status, queue time (epoch ms) of what each application ran of late."""
        return self._con.execute(
            "SELECT id, application, pipeline_id, status, epoch_ms(queued_at) FROM execution"
            " ANTI JOIN deleted_execution USING (source, id) WHERE source = ? AND queued_at IS NOT NULL"
            " QUALIFY queued_at >= max(queued_at) OVER (PARTITION BY application) - to_days(?) ORDER BY id",
            [self.source, days],
        ).fetchall()

    def judged(self) -> frozenset[str]:
        """Ids of the canary judgments of this source that were read after they had ended."""
        return remembered.judged(self._con, self.source)

    def awaited(self, days: int = 14) -> list[str]:
        """Ids of the canary judgments of this source that ended in the last days and were never read."""
        return remembered.awaited(self._con, self.source, days)

    def configured(self) -> dict[str, int]:
        """When each pipeline of this source was last changed, in microseconds since 1970, as far as that is known."""
        return remembered.configured(self._con, self.source)

    def quarantined(self) -> list[tuple[str, str, str, str | None]]:
        """Id, kind, reason and excerpt of what could not be read of this source, and was not read well since."""
        return remembered.quarantined(self._con, self.source)

    def held(self) -> dict[str, int]:
        """How much landing holds of this source, whether this load has touched it or not."""
        return source_state.held(self._con, self.source, fact_tables())

    def covered(self) -> dict[str, Any] | None:
        """From when to when executions of this source were seen whole; null where it does not say."""
        return source_state.covered(self._con, self.source)

    def schema(self, table: str) -> pa.Schema:
        """Arrow schema of a landing table; may be asked for while another thread commits."""
        if table not in self._schemas:
            with self._con.cursor() as con:
                empty = con.sql(f'SELECT * FROM "{_known(table)}" LIMIT 0')  # noqa: S608
                self._schemas[table] = empty.to_arrow_table().schema
        return self._schemas[table]

    def commit(self, batches: Mapping[str, pa.Table], watermarks: Mapping[str, str] | None = None) -> None:
        """Merge rows by ``(source, id)`` and move watermarks, in one transaction."""
        self._con.begin()
        try:
            for table, batch in batches.items():
                self._merge(_known(table), batch)
            for stream, value in (watermarks or {}).items():
                self._con.execute(
                    "DELETE FROM watermark WHERE source = ? AND stream = ?", [self.source, stream]
                ).execute("INSERT INTO watermark VALUES (?, ?, ?, ?)", [self.source, stream, value, self.id])
            self._con.commit()
        except BaseException:
            self._con.rollback()
            raise

    def _merge(self, table: str, batch: pa.Table) -> None:
        self._con.register("batch", batch)
        old = self._total(_TOUCHED.format(table))
        if old[0]:
            inserted, changed = self._supersede(table, batch.column_names)
            new = self._total(_TOUCHED.format(table))
        else:  # as on a first run: nothing is to be looked up for each row
            new = self._total(_TO_COME.format(table))
            self._con.execute(f'INSERT INTO "{table}" BY NAME FROM batch')
            inserted, changed = new[0], 0
        self._con.unregister("batch")
        self._con.execute(
            "UPDATE control_total SET rows = rows + ?, checksum = checksum + ?, load_id = ? WHERE table_name = ?",
            [new[0] - old[0], new[1] - old[1], self.id, table],
        )
        counts = self.merged.setdefault(table, {"new": 0, "changed": 0, "unchanged": 0})
        counts["new"] += inserted
        counts["changed"] += changed
        counts["unchanged"] += batch.num_rows - inserted - changed

    def _supersede(self, table: str, columns: Sequence[str]) -> tuple[int, int]:
        """Merge rows of which landing holds some already; how many were inserted, and how many changed."""
        touched = self._con.execute(
            f'MERGE INTO "{table}" t USING batch s ON t.source = s.source AND t.id = s.id'
            f" WHEN MATCHED AND ({_supersedes(columns)}) THEN UPDATE BY NAME"
            " WHEN NOT MATCHED THEN INSERT BY NAME RETURNING merge_action"
        ).fetchall()
        inserted = sum(1 for (action,) in touched if action == "INSERT")
        return inserted, len(touched) - inserted

    def _total(self, rows: str) -> tuple[int, int]:
        """How many rows there are, and the sum of their hashes."""
        total = f"SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0) FROM ({rows}) t"  # noqa: S608 - of ours
        count, checksum = self._con.execute(total).fetchall()[0]
        return int(count), int(checksum)

    def finish(self, as_of: datetime, documents: int, quarantined: int, partial_failures: list[str]) -> None:
        """Record that the load got to its end, and make it durable."""
        self._con.execute(
            "UPDATE load SET finished_at = ?, as_of = ?, documents = ?, quarantined = ?, partial_failures = ?"
            " WHERE load_id = ?",
            [datetime.now(UTC).replace(tzinfo=None), as_of, documents, quarantined, partial_failures, self.id],
        )
        self._con.execute("CHECKPOINT")


def prepare(con: Connection) -> None:
    """Make the tables of the contract where there are none."""
    if con.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]:
        return
    con.begin()
    con.execute(contract.text())
    con.execute("INSERT INTO control_total SELECT unnest(?), 0, 0, '-', ?", [fact_tables(), duckdb.__version__])
    con.commit()


def verify(con: Connection, catalog: str = "") -> None:
    """Compare every table with its control total; a lost or altered row stops here, not in a number."""
    contract.check(con, catalog)
    prefix = f"{catalog}." if catalog else ""
    totals = con.execute(f"SELECT table_name, rows, checksum, engine FROM {prefix}control_total").fetchall()  # noqa: S608
    found = _totals(con, [table for table, *_ in totals], prefix)
    for table, rows, checksum, engine in totals:
        if found[table][0] != rows:
            raise _damaged(table, f"{counted(found[table][0], 'row')} found, {rows:,} committed")
        if engine == duckdb.__version__ and found[table][1] != checksum:
            raise _damaged(table, "its rows differ from those committed")


def _totals(con: Connection, tables: Sequence[str], prefix: str) -> dict[str, tuple[int, int]]:
    """The total of each table, asked for at once; one by one where that fails, so that the error names its table."""
    one = "SELECT '{0}', count(*), coalesce(sum(hash(t)::HUGEINT), 0) FROM {1}\"{0}\" t"
    with contextlib.suppress(duckdb.Error):
        told = con.execute(" UNION ALL ".join(one.format(table, prefix) for table in tables)).fetchall()
        return {table: (int(rows), int(checksum)) for table, rows, checksum in told}
    found = {}
    for table in tables:
        try:
            ((_, rows, checksum),) = con.execute(one.format(table, prefix)).fetchall()
        except duckdb.Error as error:
            raise _damaged(table, str(error).splitlines()[0]) from error
        found[table] = (int(rows), int(checksum))
    return found


def _supersedes(columns: Sequence[str]) -> str:
    """When a row takes the place of one with its key: it is another, and not one told of an earlier state."""
    told = [name for name in columns if name not in ("source", "id", "load_id")]
    differs = " OR ".join(f't."{name}" IS DISTINCT FROM s."{name}"' for name in told)
    return f"s.revision >= t.revision AND ({differs})" if "revision" in told else differs


def _known(table: str) -> str:
    if table not in fact_tables():
        raise DoraError(f"The contract has no table {table}; nothing was landed.")
    return table


def _damaged(table: str, what: str) -> StaleError:
    return StaleError(
        f"{LANDING} is damaged: table {table}: {what}. The last build is untouched.",
        "move the file away and run `dora ingest NAME --replay` for each source.",
    )
