"""A deadline for a whole exchange: when time is up, the connections of the thread are cut, whatever they are doing.

A time-out of the library is one of a single read: a server that sends a byte of its headers at times keeps it alive.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests import Response, Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_HERE = threading.local()


class Watch:
    """Cuts the connections of one thread. It holds a second descriptor of each: that one survives the TLS layer."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._left: list[socket.socket] = []
        self._turn, self._ended = 0, 0

    @contextmanager
    def within(self, seconds: float) -> Iterator[Callable[[], bool]]:
        """Cut after so many seconds; yields whether that has happened."""
        with self._guard:
            self._turn += 1
            turn = self._turn
            self._sweep()
        _HERE.watch = self
        timer = threading.Timer(seconds, self._cut, [turn])
        timer.daemon = True
        timer.start()
        try:
            yield lambda: self._ended == turn
        finally:
            timer.cancel()

    def add(self, connected: socket.socket) -> socket.socket:
        """Keep an eye on a new connection; returns the second descriptor."""
        twin = connected.dup()
        with self._guard:
            self._open.add(twin)
            if self._ended == self._turn:
                _shut(twin)
        return twin

    def leave(self, twin: socket.socket) -> None:
        """The connection is given up; its reply may still be read, so that it is closed before the next one."""
        with self._guard:
            self._left.append(twin)

    def _sweep(self) -> None:
        for twin in self._left:
            self._open.discard(twin)
            twin.close()
        self._left.clear()

    def _cut(self, turn: int) -> None:
        with self._guard:
            if turn == self._turn:
                self._ended = turn
                for twin in self._open:
                    _shut(twin)


def _shut(twin: socket.socket) -> None:
    with suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)


class _Watched(HTTPConnection):
    _eye: tuple[Watch, socket.socket] | None = None

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        watch: Watch = _HERE.watch
        self._eye = (watch, watch.add(connected))
        return connected

    def close(self) -> None:
        super().close()
        if self._eye:
            watch, twin = self._eye
            watch.leave(twin)
            self._eye = None


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class Straight(Session):
    """A client for whom no reply is a redirect: else the library reads its body, unbounded, to look ahead."""

    def get_redirect_target(self, resp: Response) -> str | None:
        """Nowhere; called by the library."""
        return None


class WatchedAdapter(HTTPAdapter):
    """Connections that a ``Watch`` can cut, trusted and shown by one TLS context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Set up the pools; called by the library."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
