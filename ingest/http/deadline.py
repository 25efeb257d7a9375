"""A total deadline for one HTTP exchange: when it expires, the connections of the thread are shut down.

The time-outs of ``requests`` apply to a single read: a server that sends one byte now and then never exceeds them.
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

_CURRENT = threading.local()  # urllib3 opens connections far below the call that set the deadline


class Deadline:
    """Shuts down the connections of one thread when the time of an exchange is up.

    It keeps a duplicate of each socket: wrapping a socket in TLS detaches the original descriptor.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._released: list[socket.socket] = []
        self._exchange, self._expired_exchange = 0, 0

    @contextmanager
    def limit(self, seconds: float) -> Iterator[Callable[[], bool]]:
        """Run one exchange of at most ``seconds``; yields a function that tells whether it has expired."""
        with self._lock:
            self._exchange += 1
            exchange = self._exchange
            # The reply of a released connection may still be read until the next exchange begins.
            for duplicate_socket in self._released:
                self._open.discard(duplicate_socket)
                duplicate_socket.close()
            self._released.clear()
        _CURRENT.deadline = self
        timer = threading.Timer(seconds, self._expire, [exchange])
        timer.daemon = True
        timer.start()
        try:
            yield lambda: self._expired_exchange == exchange
        finally:
            timer.cancel()

    def register(self, connection: socket.socket) -> socket.socket:
        """Watch a new connection and return the duplicate of its socket."""
        duplicate_socket = connection.dup()
        with self._lock:
            self._open.add(duplicate_socket)
            if self._expired_exchange == self._exchange:
                _shut_down(duplicate_socket)
        return duplicate_socket

    def release(self, duplicate_socket: socket.socket) -> None:
        """Close the duplicate of a closed connection before the next exchange."""
        with self._lock:
            self._released.append(duplicate_socket)

    def _expire(self, exchange: int) -> None:
        with self._lock:
            # The timer of an earlier exchange may fire while the next one begins.
            if exchange == self._exchange:
                self._expired_exchange = exchange
                for duplicate_socket in self._open:
                    _shut_down(duplicate_socket)


def _shut_down(duplicate_socket: socket.socket) -> None:
    with suppress(OSError):
        duplicate_socket.shutdown(socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    _registration: tuple[Deadline, socket.socket] | None = None

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        deadline: Deadline = _CURRENT.deadline
        self._registration = (deadline, deadline.register(connection))
        return connection

    def close(self) -> None:
        super().close()
        if self._registration:
            deadline, duplicate_socket = self._registration
            deadline.release(duplicate_socket)
            self._registration = None


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class NoRedirectSession(Session):
    """A session that treats no reply as a redirect: ``requests`` would read its body, however long, to prepare one."""

    def get_redirect_target(self, resp: Response) -> str | None:
        """Return no target; called by ``requests``."""
        return None


class DeadlineAdapter(HTTPAdapter):
    """Connections that a ``Deadline`` can shut down, all with one TLS context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Set up the pools; called by ``requests``."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
