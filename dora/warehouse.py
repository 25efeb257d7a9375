"""The only caller of ``duckdb.connect``: open, land rows, verify, publish.

Two files. ``landing.duckdb`` is written by ingest alone and read by build alone; rows, watermark and
control totals are committed in one transaction, merged by ``(source, id)``. ``dora.duckdb`` is built
aside and moved in with ``os.replace``, so a reader always sees one whole build.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dora import contract, holdings, remembered
from dora.errors import DoraError, LockedError, StaleError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

LANDING, PUBLISHED = "landing.duckdb", "dora.duckdb"
BOOKKEEPING = frozenset({"contract", "load", "control_total", "watermark"})
Connection = duckdb.DuckDBPyConnection
SqlError = duckdb.Error


def facts() -> list[str]:
    """Names of the landing tables that hold facts, in the contract's order."""
    names = re.findall(r"CREATE TABLE (\w+)", contract.text())
    return [name for name in names if name not in BOOKKEEPING]


@contextlib.contextmanager
def lock(data: Path) -> Iterator[None]:
    """Hold the one writer's lock of a data folder.

    Raises ``LockedError`` at once where another run holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "landing.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"Another run is writing to {data}; nothing was touched.", "wait for it to end, then repeat."
            ) from None
        yield


@contextlib.contextmanager
def _opened(path: Path | str, *, read_only: bool = False) -> Iterator[Connection]:
    try:
        con = _quiet(duckdb.connect(str(path), read_only=read_only))
    except duckdb.Error as error:
        raise DoraError(
            f"{path} can not be opened: {str(error).splitlines()[0]}.", "restore it, or rebuild."
        ) from error
    try:
        yield con
    finally:
        con.close()


class Load:
    """One run of one source into landing.duckdb, between ``begin_load`` and ``finish``.

    ``merged`` counts rows per table and what became of them: new, changed or unchanged.
    """

    def __init__(self, con: Connection, source: str) -> None:
        self._con, self.source = con, source
        now = datetime.now(UTC)
        self.id = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        self.started_at = now.replace(tzinfo=None)
        self.merged: dict[str, dict[str, int]] = {}
        con.execute("INSERT INTO load VALUES (?, ?, ?, NULL, NULL, 0, 0, [])", [self.id, source, self.started_at])

    def watermarks(self) -> dict[str, str]:
        """How far each stream of this source has been read."""
        rows = self._con.execute("SELECT stream, value FROM watermark WHERE source = ?", [self.source])
        return dict(rows.fetchall())

    def unfinished(self) -> list[tuple[str, str]]:
        """Id and application of executions of this source that had not completed when last seen, and still exist."""
        return self._con.execute(
            "SELECT id, application FROM execution ANTI JOIN gone USING (source, id)"
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
            " ANTI JOIN gone USING (source, id) WHERE source = ? AND queued_at IS NOT NULL"
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
        return holdings.held(self._con, self.source, facts())

    def covered(self) -> dict[str, Any] | None:
        """From when to when executions of this source were seen whole; null where it does not say."""
        return holdings.covered(self._con, self.source)

    def schema(self, table: str) -> pa.Schema:
        """Arrow schema of a landing table."""
        empty = self._con.sql(f'SELECT * FROM "{_known(table)}" LIMIT 0')  # noqa: S608
        schema: pa.Schema = empty.to_arrow_table().schema
        return schema

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
        old_rows, old_sum = _total(self._con, table, within="batch")
        touched = self._con.execute(
            f'MERGE INTO "{table}" t USING batch s ON t.source = s.source AND t.id = s.id'
            f" WHEN MATCHED AND ({_supersedes(batch.column_names)}) THEN UPDATE BY NAME"
            " WHEN NOT MATCHED THEN INSERT BY NAME RETURNING merge_action"
        ).fetchall()
        new_rows, new_sum = _total(self._con, table, within="batch")
        self._con.unregister("batch")
        self._con.execute(
            "UPDATE control_total SET rows = rows + ?, checksum = checksum + ?, load_id = ? WHERE table_name = ?",
            [new_rows - old_rows, new_sum - old_sum, self.id, table],
        )
        counts = self.merged.setdefault(table, {"new": 0, "changed": 0, "unchanged": 0})
        inserted = sum(1 for (action,) in touched if action == "INSERT")
        counts["new"] += inserted
        counts["changed"] += len(touched) - inserted
        counts["unchanged"] += batch.num_rows - len(touched)

    def finish(self, as_of: datetime, documents: int, quarantined: int, troubles: list[str]) -> None:
        """Record that the load got to its end, and make it durable."""
        self._con.execute(
            "UPDATE load SET finished_at = ?, as_of = ?, documents = ?, quarantined = ?, troubles = ?"
            " WHERE load_id = ?",
            [datetime.now(UTC).replace(tzinfo=None), as_of, documents, quarantined, troubles, self.id],
        )
        self._con.execute("CHECKPOINT")


@contextlib.contextmanager
def begin_load(data: Path, source: str) -> Iterator[Load]:
    """Open landing.duckdb for one source under the writer's lock, creating it where it is missing."""
    with lock(data), _opened(data / LANDING) as con, _sound():
        _prepare(con)
        _verify(con)
        yield Load(con, source)
        con.execute("CHECKPOINT")


@contextlib.contextmanager
def inspecting(data: Path) -> Iterator[Connection]:
    """A read-only connection to landing, verified, while nobody writes. Raises ``LockedError`` and ``StaleError``."""
    with lock(data), _opened(data / LANDING, read_only=True) as con, _sound():
        _verify(con)
        yield con


@contextlib.contextmanager
def _sound() -> Iterator[None]:
    """Say in our words that the engine could not read or write landing."""
    try:
        yield
    except duckdb.Error as error:
        raise DoraError(
            f"{LANDING} could not be read or written: {str(error).splitlines()[0]}. The last build is untouched.",
            "repeat it; where the file is damaged or the disk full, make room, move the file away and run"
            " `dora ingest NAME --replay` for each source.",
        ) from error


def _prepare(con: Connection) -> None:
    if con.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]:
        return
    con.begin()
    con.execute(contract.text())
    for table in facts():
        con.execute("INSERT INTO control_total VALUES (?, 0, 0, '-', ?)", [table, duckdb.__version__])
    con.commit()


def _supersedes(columns: Sequence[str]) -> str:
    """When a row takes the place of one with its key: it is another, and not one told of an earlier state."""
    told = [name for name in columns if name not in ("source", "id", "load_id")]
    differs = " OR ".join(f't."{name}" IS DISTINCT FROM s."{name}"' for name in told)
    return f"s.revision >= t.revision AND ({differs})" if "revision" in told else differs


def _quiet(con: Connection) -> Connection:
    """Else a query of two seconds writes a bar into our output; a notebook without widgets has none to forbid."""
    with contextlib.suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
    return con


def _known(table: str) -> str:
    if table not in facts():
        raise DoraError(f"The contract has no table {table}; nothing was landed.")
    return table


def _total(con: Connection, table: str, *, within: str = "") -> tuple[int, int]:
    only = f"SEMI JOIN {within} USING (source, id)" if within else ""
    query = f'SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0) FROM "{table}" t {only}'  # noqa: S608
    rows, checksum = con.execute(query).fetchall()[0]
    return int(rows), int(checksum)


def _verify(con: Connection, catalog: str = "") -> None:
    """Compare every table with its control total; a lost or altered row stops here, not in a number."""
    contract.check(con, catalog)
    prefix = f"{catalog}." if catalog else ""
    totals = con.execute(f"SELECT table_name, rows, checksum, engine FROM {prefix}control_total").fetchall()  # noqa: S608
    for table, rows, checksum, engine in totals:
        try:
            found = _total(con, f'{catalog}"."{table}' if catalog else table)
        except duckdb.Error as error:
            raise _damaged(table, str(error).splitlines()[0]) from error
        if found[0] != rows:
            raise _damaged(table, f"{found[0]} rows where {rows} were committed")
        if engine == duckdb.__version__ and found[1] != checksum:
            raise _damaged(table, "its rows differ from those committed")


def _damaged(table: str, what: str) -> StaleError:
    return StaleError(
        f"{LANDING} is damaged: table {table}: {what}. The last build is untouched.",
        "move the file away and run `dora ingest NAME --replay` for each source.",
    )


@contextlib.contextmanager
def building(data: Path) -> Iterator[Connection]:
    """A connection to a new, empty file beside dora.duckdb with landing attached read-only as ``landing``.

    Where the block ends well the file is moved in with ``os.replace``; else it is removed and the
    last build stays.
    """
    with lock(data):
        if not (data / LANDING).exists():
            raise UsageError(f"There is no {data / LANDING}: nothing was ingested yet.", "run `dora ingest NAME`.")
        for abandoned in data.glob(f"{PUBLISHED}.*building*"):
            abandoned.unlink()
        aside = data / f"{PUBLISHED}.{os.getpid()}.building"
        try:
            with _opened(aside) as con:
                with _sound():
                    con.execute(f"ATTACH '{_quoted(data / LANDING)}' AS landing (READ_ONLY)")
                    _verify(con, "landing")
                yield con
                con.execute("DETACH landing").execute("CHECKPOINT")
            _durable(aside)
            aside.replace(data / PUBLISHED)
            _durable(data)
        finally:
            for leftover in (aside, aside.with_name(aside.name + ".wal")):
                leftover.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def published(path: Path) -> Connection:
    """A read-only connection to a build, which can reach nothing else on this machine.

    The file is attached to a database in memory: after a swap a new call sees the new build even
    while an older connection still holds the old one.
    """
    if not path.exists():
        raise UsageError(f"There is no {path}: nothing was built yet.", "run `dora build`, or `dora demo` to try it.")
    con = duckdb.connect()
    try:
        _quiet(con).execute("SET TimeZone = 'UTC'")
        con.execute(f"ATTACH '{_quoted(path)}' AS dora (READ_ONLY)").execute("USE dora")
        con.execute("SET enable_external_access = false").execute("SET lock_configuration = true")
    except duckdb.Error as error:
        con.close()
        raise DoraError(f"{path} can not be read: {str(error).splitlines()[0]}.", "run `dora build`.") from error
    contract.readable(con, path)
    return con


def ordered(con: Connection, queries: Mapping[str, str]) -> Iterable[str]:
    """Names of queries such that each comes after those it reads."""
    reads = {name: {r.split(".")[-1].strip('"') for r in con.get_table_names(sql)} for name, sql in queries.items()}
    done: list[str] = []
    while len(done) < len(queries):
        ready = [name for name in queries if name not in done and reads[name] & set(queries) <= set(done) | {name}]
        if not ready:
            raise DoraError(f"Models read each other in a circle: {sorted(set(queries) - set(done))}.")
        done += ready
    return done
