"""A limit on the time that queries take together, for pages that people wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import duckdb

from dora.errors import DoraError

INTERVAL = 0.5  # seconds between interruptions: one reaches only the query that runs at that moment


class TimeLimit:
    """The connections of a block of queries, which are interrupted from a thread once the block takes too long."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.connections = seconds, list[duckdb.DuckDBPyConnection]()
        self.ended, self.expired = threading.Event(), False
        threading.Thread(target=self._interrupt, daemon=True, name="time-limit").start()

    def _interrupt(self) -> None:
        wait = self.seconds
        while not self.ended.wait(wait):
            self.expired, wait = True, INTERVAL
            for connection in list(self.connections):
                connection.interrupt()


_current: ContextVar[TimeLimit | None] = ContextVar("time_limit", default=None)


def watch(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a connection, which the limit of the block around this call interrupts, if there is one."""
    if limit := _current.get():
        limit.connections.append(connection)
    return connection


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Interrupt the queries of a block that takes longer; raises ``DoraError`` then."""
    limit = TimeLimit(seconds)
    token = _current.set(limit)
    try:
        yield
    except duckdb.InterruptException:
        if not limit.expired:
            raise
        raise DoraError(
            f"The queries of this page took longer than {seconds:g} s and were ended.", "choose a shorter window."
        ) from None
    finally:
        limit.ended.set()
        _current.reset(token)
