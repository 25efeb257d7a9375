"""Faults between server and client: error statuses, login pages, cut or slow bodies, each a fixed number of times."""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, get_args

import msgspec

from ingest.simulation.gate.execution_store import ResponseError
from ingest.simulation.gate.server import EMPTY, Handler

Kind = Literal["empty", "html", "cut", "short", "nothing", "drip", "reset", "bomb", "latin"]
HTML = {"Content-Type": "text/html;charset=UTF-8"}
JSON = {"Content-Type": "application/json"}
LOGIN_PAGE = b"<!DOCTYPE html><html><body><form action='/login' method='post'>Please sign in</form></body></html>"
_NAME = b'"name":"', b'"name":"\xff'
_DRIP_SECONDS = 0.002
_BOMB = gzip.compress(b" " * (1 << 20)) * 200  # gzip members may be concatenated: 200 MB of spaces in 200 kB


@dataclass(slots=True)
class Fault:
    """A fault of the next ``times`` requests whose path begins with ``prefix`` and contains ``holding``.

    ``kind`` is a status, or one of empty (200 without a body), html (a login page with 200), cut (the connection ends
    before the body does), short (valid JSON with one item less), nothing (an empty list), drip (a byte at a time),
    reset (no response), bomb (200 MB in a body of 200 kB), latin (the first name has a byte that is no UTF-8). Raises
    ``ValueError`` for another one. The first ``after`` requests are served.
    """

    prefix: str
    kind: int | str
    times: int = 1
    holding: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.kind, str) and self.kind not in get_args(Kind):
            raise ValueError(f"{self.kind!r} is not a kind of fault; use a status or one of {get_args(Kind)}")


class FaultInjector:
    """The faults of one Gate that are still to happen, in order; safe from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Inject these too."""
        with self._lock:
            self._faults += faults

    def clear(self) -> None:
        """Let none of them happen any more."""
        with self._lock:
            self._faults.clear()

    @property
    def left(self) -> int:
        """How many faults have not happened yet."""
        return sum(fault.times for fault in self._faults)

    def respond(self, handler: Handler) -> bool:
        """Respond with the fault of this request; false if it has none."""
        with self._lock:
            fits = (fault for fault in self._faults if fault.times and handler.path.startswith(fault.prefix))
            fault = next((fault for fault in fits if fault.holding in handler.path), None)
            if fault is None:
                return False
            if fault.after:
                fault.after -= 1
                return False
            fault.times -= 1
        if isinstance(fault.kind, int):
            handler.send_error_body(fault.kind, HTTPStatus(fault.kind).phrase, fault.headers)
        elif fault.kind == "empty":
            handler.send_body(200, b"", JSON)
        elif fault.kind == "html":
            handler.send_body(200, LOGIN_PAGE, HTML)
        elif fault.kind == "bomb":
            handler.send_body(200, _BOMB, JSON | {"Content-Encoding": "gzip"})
        elif fault.kind == "reset":
            handler.close_connection = True
        else:
            _damage_body(handler, fault.kind)
        return True


def _damage_body(handler: Handler, kind: str) -> None:
    try:
        body = handler.endpoint_body()
    except ResponseError as error:
        handler.send_error_body(error.status, error.message)
        return
    if body is EMPTY:
        handler.send_body(200, b"", {})
    elif kind in ("short", "nothing"):
        shorten = getattr(handler, "shorten", lambda page: page[:-1])  # of a page that is an object
        handler.send_json(200, shorten(body) if kind == "short" else [])
    elif kind == "latin":
        handler.send_body(200, msgspec.json.encode(body, order="sorted").replace(*_NAME, 1), JSON)
    else:
        encoded = msgspec.json.encode(body, order="sorted")
        handler.send_response(200)
        for name, value in (JSON | {"Content-Length": str(len(encoded))}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.close_connection = True
        with suppress(ConnectionError):
            _send_damaged(handler, encoded, kind)


def _send_damaged(handler: Handler, body: bytes, kind: str) -> None:
    """Send a body whose length was announced: half of it, or all of it very slowly."""
    if kind == "cut":
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        return
    for byte in body:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(_DRIP_SECONDS)
