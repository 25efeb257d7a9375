"""Sail, a server of Spark Connect without a JVM, and ClickHouse: both in this process, over tables in Parquet files."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from tests.portability import rules

# What standard SQL does, and time in UTC, as in DuckDB.
CLICKHOUSE_SETTINGS = {
    "aggregate_functions_null_for_empty": "1",
    "join_use_nulls": "1",
    "union_default_mode": "'DISTINCT'",
    "session_timezone": "'UTC'",
    "max_threads": "1",
}


class Sail:
    """Sail on loopback, and a session of the client of Spark Connect."""

    has_null_lists = True
    translate = staticmethod(rules.to_spark)

    def __init__(self, tables: Iterable[Path]) -> None:
        os.environ.setdefault("RUST_LOG", "error")
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        self.server = SparkConnectServer("127.0.0.1", 0)
        self.server.start()
        host, port = self.server.listening_address
        self.session = SparkSession.builder.remote(f"sc://{host}:{port}").create()
        self.session.conf.set("spark.sql.session.timeZone", "UTC")
        self.session.udf.register("nfc_normalize", normalize, "string")  # Spark has no function for it
        for path in tables:
            self.session.read.parquet(str(path)).createOrReplaceTempView(path.stem)

    def query(self, sql: str) -> pa.Table:
        return self.session.sql(sql).toArrow()

    def close(self) -> None:
        self.session.stop()
        self.server.stop()


class ClickHouse:
    """ClickHouse as a library, with its tables in memory."""

    has_null_lists = False
    translate = staticmethod(rules.to_clickhouse)

    def __init__(self, tables: Iterable[Path]) -> None:
        from chdb.session import Session

        self.session = Session()
        self.session.query("CREATE DATABASE build")
        self.session.query("USE build")
        for path in tables:
            file = f"file('{path}', Parquet) SETTINGS schema_inference_make_columns_nullable = 1"
            self.session.query(f"CREATE TABLE {path.stem} ENGINE = Memory AS SELECT * FROM {file}")

    def query(self, sql: str) -> pa.Table:
        settings = ", ".join(f"{name} = {value}" for name, value in CLICKHOUSE_SETTINGS.items())
        answer = self.session.query(f"{sql} SETTINGS {settings}", "Arrow").bytes()
        return pa.ipc.open_file(pa.BufferReader(answer)).read_all()

    def close(self) -> None:
        self.session.close()


def normalize(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text)
