"""Tables of PostgreSQL: the rows of the build, replaced in one transaction, without a password anywhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from typer.testing import CliRunner

import dora
from dora.cli.app import app
from dora.errors import AuthError, DoraError, LockedError, UsageError
from dora.export.publish import postgres, postgres_schema
from tests.dora.export.publish.conftest import Sources
from tests.postgres import PASSWORD, READER, Server

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("password")]
SCHEMA = "delivery_metrics"


@pytest.fixture(scope="module")
def published(small: dora.Delivery, server: Server) -> Iterator[str]:
    """The address of a database in which the small organisation is published."""
    url = server.create_database("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DORA_POSTGRES_PASSWORD", PASSWORD)
        postgres.write(small, url, SCHEMA)
    return url


def read(server: Server, database: str, query: str, user: str = "postgres") -> list[tuple[Any, ...]]:
    with server.connect(database, user) as con:
        return con.execute(query).fetchall()


def as_text(row: tuple[Any, ...]) -> str:
    return repr([value.astimezone(UTC) if isinstance(value, datetime) else value for value in row])


def test_every_table_has_the_rows_of_the_build(sources: Sources, server: Server, published: str) -> None:
    """Each value, by its type, with null and empty text apart; each table and column has its meaning as a comment."""
    with server.connect("published") as con:
        con.execute("SET TimeZone = 'UTC'")
        for source in sources.values():
            batches = [batch for part in source.read() for batch in part.batches]
            expected = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
            rows = con.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(SCHEMA, source.about.name))).fetchall()
            assert sorted(map(as_text, rows)) == sorted(map(as_text, expected)), source.about.name
        comments = con.execute(
            "SELECT col_description(attrelid, attnum), relname, attname FROM pg_attribute INNER JOIN pg_class ON"
            " attrelid = pg_class.oid WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND attnum > 0", [SCHEMA],
        ).fetchall()  # fmt: skip
    assert len(comments) > 500
    assert [comment for comment in comments if not comment[0]] == []


def test_a_reader_sees_one_build_or_the_other(
    small: dora.Delivery, server: Server, tiny: dora.Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one build after another is published, no query finds a table missing or empty, or two builds in one."""
    url = server.create_database("swapped")
    postgres.write(tiny, url, SCHEMA)
    stop, seen = threading.Event(), []

    def look() -> None:
        with server.connect("swapped") as con:
            while not stop.is_set():
                query = "SELECT (SELECT count(*) FROM {0}.deployments), (SELECT count(*) FROM {0}.build)"
                seen.extend(con.execute(query.format(SCHEMA)).fetchall())

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    with server.connect("swapped") as con:
        con.execute("SET default_transaction_isolation = 'repeatable read'")
        with con.transaction():  # began before, and reads a table only after
            con.execute("SELECT 1")
            for _ in range(5):
                postgres.write(tiny, url, SCHEMA)
            old_reader = con.execute(f"SELECT count(*) FROM {SCHEMA}.deployments").fetchall()
    stop.set()
    for thread in threads:
        thread.join()
    assert set(seen) == {(len(small.table("deployments")), 1)}
    assert old_reader == [(len(small.table("deployments")),)]


def test_a_failure_leaves_what_was_published(
    small: dora.Delivery, sources: Sources, server: Server, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that fails half-way changes nothing and leaves nothing."""

    def fail(_: dora.Delivery) -> Iterator[Any]:
        yield sources["build"]
        raise DoraError("The disk is gone.")

    before = read(server, "published", "SELECT oid, nspname FROM pg_namespace ORDER BY oid")
    monkeypatch.setattr(postgres, "list_source_tables", fail)
    with pytest.raises(DoraError, match="The disk is gone"):
        postgres.write(small, published, SCHEMA)
    assert read(server, "published", "SELECT oid, nspname FROM pg_namespace ORDER BY oid") == before


def test_readers_keep_what_they_may_read(tiny: dora.Delivery, server: Server) -> None:
    """Who may read all tables may read new ones too; who may read one still reads that one alone."""
    url = server.create_database("granted")
    postgres.write(tiny, url, SCHEMA)
    with server.connect("granted") as con:
        con.execute("CREATE ROLE clerk")
        con.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {READER}, clerk")
        con.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {READER}")
        con.execute(f"GRANT SELECT ON {SCHEMA}.build TO clerk")
        con.execute(f"DROP TABLE {SCHEMA}.deployments")  # so that it is new to the next run
        postgres.write(tiny, url, SCHEMA)
        con.execute("SET ROLE clerk")
        assert con.execute(f"SELECT count(*) FROM {SCHEMA}.build").fetchall() == [(1,)]
        allowed = con.execute(f"SELECT has_table_privilege('{SCHEMA}.deployments', 'SELECT')").fetchall()
    assert allowed == [(False,)]
    assert read(server, "granted", f"SELECT count(*) > 0 FROM {SCHEMA}.deployments", READER) == [(True,)]


def test_what_belongs_to_others_is_not_dropped(tiny: dora.Delivery, server: Server) -> None:
    """A schema with their tables is refused; a view of theirs over ours, or in our schema, keeps what there is."""
    url = server.create_database("shared")
    with server.connect("shared") as con:
        con.execute("CREATE TABLE public.ledger (amount int)")
        with pytest.raises(UsageError, match="public has tables that dora did not publish"):
            postgres.write(tiny, url, "public")
        postgres.write(tiny, url, SCHEMA)
        for place in ("public", SCHEMA):
            con.execute(f"CREATE VIEW {place}.mine AS SELECT * FROM {SCHEMA}.build")
            with pytest.raises(DoraError, match=r"was not replaced: view .*mine depends on table .*build"):
                postgres.write(tiny, url, SCHEMA)
            con.execute(f"DROP VIEW {place}.mine")
        postgres.write(tiny, url, SCHEMA)


def test_two_runs_do_not_publish_at_once(tiny: dora.Delivery, server: Server, published: str) -> None:
    """The second one is told so, and changes nothing."""
    with server.connect("published") as con, con.transaction():
        con.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dora {SCHEMA}"])
        with pytest.raises(LockedError, match="Another run publishes"):
            postgres.write(tiny, published, SCHEMA)


def test_a_query_that_does_not_end_is_named(
    tiny: dora.Delivery, server: Server, published: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run gives way to a reader that holds a table, and keeps the tables that there are."""
    monkeypatch.setattr(postgres_schema, "WAIT", 0.0)
    with server.connect("published") as con, con.transaction():
        con.execute(f"SELECT count(*) FROM {SCHEMA}.deployments")
        with pytest.raises(DoraError, match="has been reading the schema"):
            postgres.write(tiny, published, SCHEMA)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:s3cret@db.example/metrics", "postgres://ada:s3c@ret/@db/metrics", "dbname=m password=s3cret",
        "postgresql://db/metrics?user=ada&password=s3cret", "postgresql://ada:s3cret/x@db/m?a=b",
        "host=h PASSWORD = s3cret", "postgresql://db/m?sslpassword=s3cret",
    ],
)  # fmt: skip
def test_an_address_with_a_password_is_refused(tmp_path: Path, small: dora.Delivery, address: str) -> None:
    """No part of it is printed, in no message and no traceback."""
    result = publish(small, tmp_path, address)
    assert isinstance(result.exception, UsageError)
    assert "holds a password" in str(result.exception)
    assert "s3c" not in f"{result.output}{result.exception!r}{result.exception.__context__!r}"


@pytest.mark.parametrize("secret", [("DORA_POSTGRES_PASSWORD", "s3cret wr0ng"), ("PGPASSWORD", PASSWORD)])
def test_a_server_that_refuses_is_named_without_the_password(
    tmp_path: Path, small: dora.Delivery, server: Server, monkeypatch: pytest.MonkeyPatch, secret: tuple[str, str]
) -> None:
    """A wrong password ends with exit code 4; libpq's own variable is read too."""
    variable, password = secret
    monkeypatch.delenv("DORA_POSTGRES_PASSWORD")
    monkeypatch.setenv(variable, password)
    result = publish(small, tmp_path, server.url("template1"))
    assert isinstance(result.exception, AuthError)
    expected = "password authentication failed" if variable.startswith("DORA") else "permission denied for database"
    assert expected in str(result.exception)
    assert password not in f"{result.output}{result.exception!r}{result.exception.__context__!r}"


def test_a_server_that_is_not_there_is_named(small: dora.Delivery, server: Server) -> None:
    with pytest.raises(DoraError, match=r"The database metrics of 127.0.0.1 can not be reached: .*refused"):
        postgres.write(small, "postgresql://ada@127.0.0.1:1/metrics", SCHEMA)
    with pytest.raises(UsageError, match="can not be read"):
        postgres.write(small, "metrics on db.example", SCHEMA)
    with pytest.raises(UsageError, match="needs a name"):
        postgres.write(small, server.url("template1"), "x" * 60)


texts = (
    st.none()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["", "\\N", "\\.", "a\n\\.\nb", '{"}'])
)


@given(rows=st.lists(st.tuples(texts, st.none() | st.lists(texts, max_size=3), st.none() | st.floats())))
def test_any_value_arrives_as_it_is(server: Server, rows: list[tuple[Any, ...]]) -> None:
    """Whatever characters a text has, but 0, which PostgreSQL can not store; numbers to their last digit."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    types = (pa.string(), pa.list_(pa.string()), pa.float64())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    with server.connect() as con, con.transaction(force_rollback=True):
        con.execute("CREATE TABLE texts (text text, list text[], number double precision)")
        with con.cursor().copy("COPY texts FROM STDIN") as copy:
            copy.write(postgres.to_copy_text(pa.record_batch(arrays, ["text", "list", "number"])))
        arrived = con.execute("SELECT * FROM texts").fetchall()
    assert repr(arrived) == repr([_without_zeros(row) for row in rows])


def _without_zeros(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(map(_without_zeros, value))
    return value.replace("\0", "") if isinstance(value, str) else value


def publish(delivery: dora.Delivery, folder: Path, *arguments: str) -> Any:
    """Run the command on the file of a build."""
    settings = folder / "dora.toml"
    settings.write_text(f'data = "{delivery.path.parent}"')
    return CliRunner().invoke(app, ["publish", "postgres", *arguments, "--config", str(settings)])


def test_the_command_prints_the_rows(tmp_path: Path, tiny: dora.Delivery, server: Server) -> None:
    url = server.create_database("commanded")
    result = publish(tiny, tmp_path, url, "--schema", "other schema", "--json")
    assert result.exit_code == 0, result.output
    assert f'"deployments","rows":{len(tiny.table("deployments"))}' in result.stdout.replace(" ", "").replace("\n", "")
    assert read(server, "commanded", 'SELECT count(*) FROM "other schema".build') == [(1,)]
