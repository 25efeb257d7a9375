"""No fault loses, duplicates or alters a row: real files, real kills, real corruption."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora.errors import DoraError, LockedError, StaleError, UnusableError, UsageError
from dora.storage import database
from dora.storage.database import (
    LANDING,
    PUBLISHED,
    Load,
    SourceState,
    build_database,
    count_rows,
    lock,
    open_build,
    open_load,
    sort_by_dependency,
)
from tests.conftest import fresh, landed

AS_OF = datetime(2026, 1, 1)


def incidents(load: Load, titles: dict[str, str]) -> dict[str, pa.Table]:
    """A batch of incidents, id → title."""
    rows = [
        {
            "source": load.source,
            "id": id,
            "load_id": load.id,
            "revision": 0,
            "application": "shop",
            "opened_at": AS_OF,
            "title": title,
        }
        for id, title in titles.items()
    ]
    return {"incident": pa.Table.from_pylist(rows, schema=load.schema("incident"))}


def land(data: Path, titles: dict[str, str], source: str = "test", watermark: str | None = None) -> Load:
    with open_load(fresh(data), source) as load:
        load.commit(incidents(load, titles), {"stream": watermark} if watermark else None)
        load.finish(AS_OF, len(titles), 0, [])
    return load


def watermarks(load: Load) -> dict[str, str]:
    return dict(SourceState.read(load.con, load.source).watermarks)


def read(data: Path, query: str) -> list[tuple[Any, ...]]:
    return landed(data, query)


def titles(data: Path) -> dict[str, str]:
    return dict(read(data, "SELECT id, title FROM incident ORDER BY id"))


def python(code: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# --- merging --------------------------------------------------------------------------------------


def test_twice_gives_the_same_rows(tmp_path: Path) -> None:
    """A second run of the same facts changes no row, not even the load it names."""
    land(tmp_path, {"1": "a", "2": "b"})
    before = read(tmp_path, "SELECT * FROM incident ORDER BY id")
    again = land(tmp_path, {"1": "a", "2": "b"})
    assert read(tmp_path, "SELECT * FROM incident ORDER BY id") == before
    assert again.merged == {"incident": {"new": 0, "changed": 0, "unchanged": 2}}


def test_new_changed_and_unchanged_rows_are_counted(tmp_path: Path) -> None:
    """A load counts rows by outcome, and a changed row names the load that changed it."""
    first = land(tmp_path, {"1": "a", "2": "b"})
    second = land(tmp_path, {"1": "a", "2": "B", "3": "c"})
    assert second.merged == {"incident": {"new": 1, "changed": 1, "unchanged": 1}}
    loads = dict(read(tmp_path, "SELECT id, load_id FROM incident"))
    assert loads == {"1": first.id, "2": second.id, "3": second.id}


def test_sources_are_separate(tmp_path: Path) -> None:
    """The same id of two sources is two rows, with a watermark each."""
    land(tmp_path, {"1": "here"}, "one", watermark="w1")
    land(tmp_path, {"1": "there"}, "two", watermark="w2")
    assert read(tmp_path, "SELECT source, title FROM incident ORDER BY source") == [("one", "here"), ("two", "there")]
    with open_load(tmp_path, "one") as load:
        assert watermarks(load) == {"stream": "w1"}


def test_null_and_empty_are_different_values(tmp_path: Path) -> None:
    """A value that becomes null is a change; null and null are equal."""
    land(tmp_path, {"1": "a"})
    for title, expected in (("", "changed"), (None, "changed"), (None, "unchanged"), ("b", "changed")):
        with open_load(tmp_path, "test") as load:
            load.commit(incidents(load, {"1": title}))  # type: ignore[dict-item]
        assert load.merged["incident"][expected] == 1, title


batches = st.lists(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "y", "z"]), max_size=5), max_size=5)


@given(batches)
@settings(max_examples=15, deadline=None)
def test_the_last_run_wins(tmp_path_factory: pytest.TempPathFactory, runs: list[dict[str, str]]) -> None:
    """However runs overlap, a row has the values of the last run, and the control totals are correct."""
    data = tmp_path_factory.mktemp("merge")
    with open_load(data, "test") as load:
        for run in runs:
            load.commit(incidents(load, run))
    expected = {id: title for run in runs for id, title in run.items()}
    assert titles(data) == expected
    with open_load(data, "test"):
        pass  # verifies the totals
    assert read(data, "SELECT rows FROM control_total WHERE table_name = 'incident'") == [(len(expected),)]


def test_a_table_outside_the_contract_is_refused(tmp_path: Path) -> None:
    """Only the contract's tables can be landed."""
    with open_load(tmp_path, "test") as load, pytest.raises(DoraError, match="no table load"):
        load.commit({"load": pa.table({"id": ["x"]})})


def test_a_load_is_recorded(tmp_path: Path) -> None:
    """Each run records its counts, partial failures and as-of."""
    with open_load(tmp_path, "test") as load:
        load.finish(AS_OF, 7, 2, ["app x: 500"])
    loads = read(
        tmp_path, "SELECT source, as_of, documents, quarantined, partial_failures, finished_at IS NULL FROM load"
    )
    assert loads == [("test", AS_OF, 7, 2, ["app x: 500"], False)]


# --- rows and watermark are one -------------------------------------------------------------------


def test_a_failing_batch_changes_nothing(tmp_path: Path) -> None:
    """If the second table of a batch fails, the first table and the watermark are unchanged."""
    land(tmp_path, {"1": "a"}, watermark="w1")
    with open_load(tmp_path, "test") as load:
        rows = incidents(load, {"2": "b"})
        with pytest.raises(duckdb.Error):
            load.commit(
                {**rows, "commit": pa.table({"source": ["s"], "id": ["x"], "load_id": ["l"]})}, {"stream": "w2"}
            )
        assert watermarks(load) == {"stream": "w1"}
    assert titles(tmp_path) == {"1": "a"}


WRITER = """
import os, signal, sys
from pathlib import Path
from datetime import datetime
import pyarrow as pa
from dora.storage.database import open_load
data, stop = Path(sys.argv[1]), sys.argv[2]
class Stopping:
    def __init__(self, con): self.con = con
    def __getattr__(self, name): return getattr(self.con, name)
    def execute(self, sql, *args):
        if sql.startswith(stop): os.kill(os.getpid(), signal.SIGKILL)
        return self.con.execute(sql, *args)
    def commit(self):
        if stop == "before commit": os.kill(os.getpid(), signal.SIGKILL)
        self.con.commit()
        if stop == "after commit": os.kill(os.getpid(), signal.SIGKILL)
with open_load(data, "test") as load:
    row = dict(source="test", load_id=load.id, revision=0, application="shop", opened_at=datetime(2026, 1, 1))
    rows = [{**row, "id": str(i), "title": "new"} for i in range(5)]
    batch = pa.Table.from_pylist(rows, schema=load.schema("incident"))
    load.con = Stopping(load.con)
    load.commit({"incident": batch}, {"stream": "w2"})
"""


@pytest.mark.parametrize(
    ("stop", "landed"),
    [
        ("MERGE", False),
        ("UPDATE control_total", False),
        ("DELETE FROM watermark", False),
        ("before commit", False),
        ("after commit", True),
    ],
)
def test_killed_between_rows_and_watermark(tmp_path: Path, stop: str, landed: bool) -> None:
    """Killed at any step of a commit, both rows and watermark are committed or neither, and the next load works."""
    land(tmp_path, {"0": "old"}, watermark="w1")
    process = python(WRITER, tmp_path, stop)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with open_load(tmp_path, "test") as load:
        assert watermarks(load) == {"stream": "w2" if landed else "w1"}
    assert titles(tmp_path) == ({str(i): "new" for i in range(5)} if landed else {"0": "old"})


ENDLESS = """
import sys
from pathlib import Path
from datetime import datetime
import pyarrow as pa
from dora.storage.database import SourceState, open_load
with open_load(Path(sys.argv[1]), "test") as load:
    start = int(SourceState.read(load.con, "test").watermarks.get("stream", 0))
    schema = load.schema("incident")
    print("ready", flush=True)
    for number in range(start + 1, start + 10_000):
        row = dict(source="test", load_id=load.id, revision=0, application="shop", opened_at=datetime(2026, 1, 1))
        rows = [{**row, "id": f"{number}-{i}", "title": "t" * 200} for i in range(20)]
        load.commit({"incident": pa.Table.from_pylist(rows, schema=schema)}, {"stream": str(number)})
        print(number, flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Killed at random moments, landing holds exactly the batches up to its watermark; no confirmed one is lost."""
    draw = random.Random(5)
    for _ in range(6):
        process = python(ENDLESS, tmp_path)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(draw.uniform(0.0, 0.25))
        process.kill()
        confirmed = [int(line) for line in process.communicate()[0].splitlines() if line.strip().isdigit()]
        with open_load(tmp_path, "test") as load:
            reached = int(watermarks(load).get("stream", 0))
        assert reached >= max(confirmed, default=0)
        assert read(tmp_path, "SELECT count(*), count(DISTINCT id) FROM incident") == [(20 * reached, 20 * reached)]


def test_a_refused_table_rolls_the_commit_back(tmp_path: Path) -> None:
    """If its second table is refused, its first is not landed, and the load can continue."""
    land(tmp_path, {"0": "old"}, watermark="w1")
    with open_load(tmp_path, "test") as load:
        good = incidents(load, {"0": "changed", "1": "new"})
        with pytest.raises(DoraError, match="no table nonsense"):
            load.commit({**good, "nonsense": good["incident"]}, {"stream": "w2"})
        assert (watermarks(load), count_rows(load.con, load.source)) == ({"stream": "w1"}, {"incident": 1})
        load.commit(incidents(load, {"2": "later"}))
    assert titles(tmp_path) == {"0": "old", "2": "later"}


# --- damage is detected ---------------------------------------------------------------------------


def test_a_lost_row_is_detected(tmp_path: Path) -> None:
    """A deleted row stops the next load and the next build, with the remedy in the message."""
    land(tmp_path, {"1": "a", "2": "b"})
    with duckdb.connect(str(tmp_path / LANDING)) as con:
        con.execute("DELETE FROM incident WHERE id = '1'")
    with (
        pytest.raises(StaleError, match=r"incident: 1 row found, 2 committed.*again from the payloads"),
        open_load(tmp_path, "t"),
    ):
        pass
    with pytest.raises(UnusableError, match="again from the payloads"), build_database(tmp_path):
        pass


def test_an_altered_row_is_detected(tmp_path: Path) -> None:
    """A value that differs from what was committed stops the next load, though the count is right."""
    land(tmp_path, {"1": "a", "2": "b"})
    with duckdb.connect(str(tmp_path / LANDING)) as con:
        con.execute("UPDATE incident SET title = 'c' WHERE id = '1'")
    with pytest.raises(StaleError, match="differ from those committed"), open_load(tmp_path, "test"):
        pass


def test_hashes_of_another_engine_are_computed_again(tmp_path: Path) -> None:
    """After an upgrade of DuckDB rows are counted; the next load computes its hashes, and later ones compare them."""
    land(tmp_path, {"1": "a", "2": "b"})
    with duckdb.connect(str(tmp_path / LANDING)) as con:
        con.execute("UPDATE control_total SET engine = 'another', checksum = checksum + 1")
    with open_load(tmp_path, "test") as load:
        assert count_rows(load.con, load.source) == {"incident": 2}
    with duckdb.connect(str(tmp_path / LANDING)) as con:
        con.execute("UPDATE incident SET title = 'c' WHERE id = '1'")
    with pytest.raises(UnusableError, match="differ from those committed"), open_load(tmp_path, "test"):
        pass
    with duckdb.connect(str(tmp_path / LANDING)) as con:
        con.execute("DELETE FROM incident WHERE id = '1'")
    with pytest.raises(StaleError, match="1 row found, 2 committed"), open_load(tmp_path, "test"):
        pass


def outcome(data: Path) -> str | dict[str, str]:
    """The rows that a load reads, or "refused"."""
    try:
        with open_load(data, "test"):
            pass
    except DoraError as error:
        return "refused" if error.next_step else "refused without a next step"
    return titles(data)


def flipped(source: Path, target: Path, position: int, bit: int) -> None:
    content = bytearray(source.read_bytes())
    content[position] ^= 1 << bit
    target.write_bytes(content)


def test_a_flipped_bit_in_the_file_is_never_a_wrong_row(tmp_path: Path) -> None:
    """Whichever bit of the file flips, a load reads the committed rows or refuses the file."""
    good = {str(i): f"title {i * i}" for i in range(300)}
    land(tmp_path / "good", good)
    draw, refused = random.Random(11), 0
    size = (tmp_path / "good" / LANDING).stat().st_size
    for run in range(60):
        data = tmp_path / str(run)
        data.mkdir()
        flipped(tmp_path / "good" / LANDING, data / LANDING, draw.randrange(size), draw.randrange(8))
        result = outcome(data)
        refused += result == "refused"
        assert result in ("refused", good)
        shutil.rmtree(data)
    assert refused > 5


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    """A file that lost its end is refused."""
    land(tmp_path / "good", {str(i): f"title {i}" for i in range(300)})
    content = (tmp_path / "good" / LANDING).read_bytes()
    for run, size in enumerate((0.2, 0.5, 0.9)):
        data = tmp_path / str(run)
        data.mkdir()
        (data / LANDING).write_bytes(content[: int(len(content) * size)])
        assert outcome(data) == "refused"


LEAVES_A_WAL = """
import os, sys
from pathlib import Path
from datetime import datetime
import pyarrow as pa
from dora.storage.database import open_load
with open_load(Path(sys.argv[1]), "test") as load:
    row = dict(source="test", load_id=load.id, revision=0, application="shop", opened_at=datetime(2026, 1, 1))
    for batch in range(4):
        rows = [{**row, "id": f"{batch}-{i}", "title": f"title {i}"} for i in range(50)]
        load.commit({"incident": pa.Table.from_pylist(rows, schema=load.schema("incident"))}, {"stream": str(batch)})
    os._exit(0)
"""


def test_a_flipped_bit_in_the_wal_is_never_a_lost_row(tmp_path: Path) -> None:
    """DuckDB may skip the damaged end of its log; the rows are then a committed prefix, or the file is refused."""
    good = tmp_path / "good"
    land(good, {})
    process = python(LEAVES_A_WAL, good)
    process.communicate(timeout=60)
    log = good / (LANDING + ".wal")
    size = log.stat().st_size
    prefixes = [{f"{b}-{i}": f"title {i}" for b in range(upto) for i in range(50)} for upto in range(5)]
    draw, outcomes = random.Random(3), []
    for run in range(60):
        data = tmp_path / str(run)
        data.mkdir()
        shutil.copy(good / LANDING, data / LANDING)
        flipped(log, data / log.name, draw.randrange(size), draw.randrange(8))
        outcomes.append(outcome(data))
        if outcomes[-1] != "refused":
            reached = read(data, "SELECT value FROM watermark")
            assert outcomes[-1] == prefixes[int(reached[0][0]) + 1 if reached else 0]
        shutil.rmtree(data)
    assert "refused" in outcomes


# --- one writer -----------------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from dora.storage.database import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_at_once(tmp_path: Path) -> None:
    """While another process writes, a load and a build end at once, without waiting for it, and nothing was touched."""
    land(tmp_path, {"1": "a"})
    holder = python(HOLDER, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    started = time.perf_counter()
    for refused in (open_load(tmp_path, "test"), build_database(tmp_path), lock(tmp_path)):
        with pytest.raises(LockedError, match="nothing was touched"), refused:
            pass
    assert time.perf_counter() - started < 5
    holder.communicate("", timeout=30)
    land(tmp_path, {"2": "b"})
    assert titles(tmp_path) == {"1": "a", "2": "b"}


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    """The lock ends with its process; no file has to be deleted."""
    holder = python(HOLDER, tmp_path)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.kill()
    holder.communicate()
    assert land(tmp_path, {"1": "a"}).merged["incident"]["new"] == 1


# --- build and swap ------------------------------------------------------------------------------


def build(data: Path, value: int) -> None:
    with build_database(data) as con:
        con.execute(
            f"CREATE TABLE answer AS SELECT {value} AS value, (SELECT count(*) FROM facts.incident) AS incidents"
        )


def answer(con: database.Connection) -> int:
    return int(con.execute("SELECT value FROM answer").fetchall()[0][0])


def test_a_build_reads_landing_and_is_published(tmp_path: Path) -> None:
    """A build reads landing; afterwards there is one new file and no temporary one."""
    land(tmp_path, {"1": "a", "2": "b"})
    build(tmp_path, 1)
    with open_build(tmp_path / PUBLISHED) as con:
        assert con.execute("SELECT * FROM answer").fetchall() == [(1, 2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([LANDING, PUBLISHED, "landing.lock"])


def test_a_failing_build_leaves_the_last_one(tmp_path: Path) -> None:
    """If a build fails, the last build stays and no temporary file is left."""
    land(tmp_path, {"1": "a"})
    build(tmp_path, 1)
    before = (tmp_path / PUBLISHED).read_bytes()
    with pytest.raises(duckdb.Error, match="missing"), build_database(tmp_path) as con:
        con.execute("CREATE TABLE answer AS SELECT 2 AS value; SELECT * FROM missing")
    assert (tmp_path / PUBLISHED).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([LANDING, PUBLISHED, "landing.lock"])


KILLED_BUILD = """
import os, signal, sys
from pathlib import Path
from dora.storage.database import build_database
with build_database(Path(sys.argv[1])) as con:
    con.execute("CREATE TABLE answer AS SELECT 2 AS value")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_build_leaves_the_last_one_and_is_cleaned_up(tmp_path: Path) -> None:
    """If a build is killed, the last build stays; the next build removes the temporary files."""
    land(tmp_path, {"1": "a"})
    build(tmp_path, 1)
    assert python(KILLED_BUILD, tmp_path).wait(timeout=60) == -signal.SIGKILL
    (tmp_path / f"{PUBLISHED}.7.aside.tmp").mkdir()  # a spill folder of DuckDB
    with open_build(tmp_path / PUBLISHED) as con:
        assert answer(con) == 1
    build(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([LANDING, PUBLISHED, "landing.lock"])


def test_a_build_can_not_change_landing(tmp_path: Path) -> None:
    """Landing is attached read-only: a build that writes there fails."""
    land(tmp_path, {"1": "a"})
    with pytest.raises(duckdb.Error, match="read-only"), build_database(tmp_path) as con:
        con.execute("DELETE FROM facts.incident")
    assert titles(tmp_path) == {"1": "a"}


def test_a_new_reader_sees_the_new_build_while_an_old_one_lives(tmp_path: Path) -> None:
    """After a swap an open connection keeps its build, and a new one in the same process reads the new build."""
    land(tmp_path, {"1": "a"})
    build(tmp_path, 1)
    old = open_build(tmp_path / PUBLISHED)
    assert answer(old) == 1
    build(tmp_path, 2)
    new = open_build(tmp_path / PUBLISHED)
    assert (answer(old), answer(new)) == (1, 2)
    build(tmp_path, 3)
    assert (answer(old), answer(new), answer(open_build(tmp_path / PUBLISHED))) == (1, 2, 3)


def test_nothing_to_build_from(tmp_path: Path) -> None:
    """Without landing there is nothing to build, and the message says what to run."""
    with pytest.raises(UsageError, match="dora ingest NAME"), build_database(tmp_path):
        pass


def test_a_build_of_a_damaged_landing_is_refused(tmp_path: Path) -> None:
    """A landing file that is not a database ends as a ``DoraError``, and the last build stays."""
    land(tmp_path, {"1": "a"})
    build(tmp_path, 1)
    (tmp_path / LANDING).write_bytes(b"not a database" * 1000)
    with pytest.raises(DoraError), build_database(tmp_path):
        pass
    with open_build(tmp_path / PUBLISHED) as con:
        assert answer(con) == 1


# --- a build can reach nothing else ----------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> database.Connection:
    land(tmp_path, {"1": "a"})
    build(tmp_path, 1)
    return open_build(tmp_path / PUBLISHED)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY answer TO '/tmp/answer.csv'",
        "ATTACH '/tmp/other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET TimeZone = 'Asia/Tokyo'",
        "INSERT INTO answer VALUES (2, 2)",
        "DELETE FROM answer",
        "CREATE TABLE more AS SELECT 1",
        "DROP TABLE answer",
        "EXPORT DATABASE '/tmp/answer'",
    ],
)
def test_a_reader_reaches_nothing_else(reader: database.Connection, query: str) -> None:
    """A published connection reads no file, writes none and can not change its settings."""
    with pytest.raises(duckdb.Error):
        reader.execute(query).fetchall()
    assert answer(reader) == 1


def test_a_cursor_of_a_reader_is_confined_too(reader: database.Connection) -> None:
    """A cursor of the connection shares its confinement."""
    with pytest.raises(duckdb.Error):
        reader.cursor().execute("SELECT * FROM read_text('/etc/passwd')").fetchall()


def test_a_reader_keeps_utc(reader: database.Connection) -> None:
    """Times read as UTC whatever the machine's zone is."""
    assert reader.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_nothing_built_yet(tmp_path: Path) -> None:
    """Without a build the message says how to get one."""
    with pytest.raises(UsageError, match="dora build"):
        open_build(tmp_path / PUBLISHED)


def test_a_damaged_build_is_a_dora_error(tmp_path: Path) -> None:
    """A build that is not a database raises our error with the next step."""
    (tmp_path / PUBLISHED).write_bytes(b"x" * 10_000)
    with pytest.raises(DoraError, match="dora build"):
        open_build(tmp_path / PUBLISHED)


def test_a_path_may_have_a_quote(tmp_path: Path) -> None:
    """A data folder may have a quote in its name."""
    data = tmp_path / "it's"
    land(data, {"1": "a"})
    build(data, 7)
    assert answer(open_build(data / PUBLISHED)) == 7


# --- the order of models --------------------------------------------------------------------------


def test_models_come_after_what_they_read() -> None:
    """Queries are ordered by what they read; other tables do not matter."""
    queries = {
        "waits": "SELECT c.id FROM changes AS c CROSS JOIN deployments AS d",
        "deployments": "SELECT id FROM changes",
        "changes": "SELECT id FROM facts.commit",
    }
    assert list(sort_by_dependency(queries)) == ["changes", "deployments", "waits"]


def test_models_in_a_circle_are_refused() -> None:
    """The error names models that read each other."""
    with pytest.raises(DoraError, match=r"circle: \['a', 'b'\]"):
        list(sort_by_dependency({"a": "SELECT * FROM b", "b": "SELECT * FROM a", "c": "SELECT 1"}))


def test_instants_of_a_load_are_utc(tmp_path: Path) -> None:
    """The start of a load is a UTC instant, wherever the machine is."""
    before = datetime.now(UTC).replace(tzinfo=None)
    load = land(tmp_path, {})
    assert before <= load.started_at <= datetime.now(UTC).replace(tzinfo=None)
