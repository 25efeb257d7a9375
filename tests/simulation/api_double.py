"""What the doubles of the trackers and code hosts share: a server on loopback, a token, a clock, and Gate's faults."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from ingest.simulation.gate.execution_store import ResponseError
from ingest.simulation.gate.server import NO_HEADERS, Handler, run_server
from tests.simulation.fault_injection import FaultInjector

TOKEN = "tok_s3cret_of_the_double"
NOW = datetime.now(UTC).replace(microsecond=0)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@dataclass
class Thing:
    """One incident of a tracker, whatever its words; ``closed_as`` is why it is none."""

    id: str
    opened: datetime
    service: str
    resolved: datetime | None = None
    updated: datetime = NOW
    severity: str | None = None
    closed_as: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


class ApiDouble:
    """One server. A subclass makes its documents: ``answer`` returns the JSON of a path, ``pages`` its next page.

    ``page_size`` limits pages beyond what is requested. ``moved`` are ids of the past that redirect.
    """

    source: str
    sections: ClassVar[dict[str, Any]] = {}
    page_size = 100

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.faults = FaultInjector()
        self.clock = timedelta()
        self.lock = threading.Lock()
        self.url = ""

    # What Gate's handler calls.
    def before(self, path: str) -> None:
        """Do nothing."""

    def respond(self, handler: ApiHandler) -> None:
        self.headers.append(dict(handler.headers))
        if not self.accepts(handler.headers):
            handler.send_error_body(401, "Unauthorized")
        elif not self.faults.respond(handler):
            handler.send_endpoint()

    def accepts(self, headers: Any) -> bool:
        raise NotImplementedError

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """Return the JSON of a path. Raises ``ResponseError``."""
        raise NotImplementedError

    def next_page(self, path: str, query: dict[str, list[str]], body: Any) -> dict[str, str]:
        """Return headers that name the next page, if the server has such."""
        return {}

    def shorten(self, body: Any) -> Any:
        """Return a page with one entry less."""
        raise NotImplementedError

    def error(self, status: int, message: str) -> Any:
        return {"message": message}

    # What tests do.
    def make_id(self, number: int) -> str:
        """Return an id as the system makes them, in the order of their numbers."""
        return f"P{number:06}"

    def add(self, id_: str, opened: float = 5.0, resolved: float | None = None, **more: Any) -> Thing:
        """Add an incident that opened some hours ago, and was updated when it opened or was resolved."""
        times = {"opened": hours_ago(opened), "resolved": None if resolved is None else hours_ago(resolved)}
        updated = hours_ago(more.pop("updated", opened if resolved is None else resolved))
        thing = Thing(id_, service=more.pop("service", "Shop"), updated=updated, **times, **more)
        self.things[id_] = thing
        return thing

    def change(self, id_: str, **more: Any) -> None:
        """Change an incident now."""
        for name, value in more.items():
            setattr(self.things[id_], name, value)
        self.things[id_].updated = datetime.now(UTC)

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return the settings of the source; requests neither wait nor are limited."""
        return {"endpoint": self.url, "services": {"Shop": "shop"}, "requests_per_10s": 0, **self.sections, **more}


class ApiHandler(Handler):
    """One request to a double, which a subclass binds as ``gate``."""

    gate: Any

    def endpoint_body(self) -> Any:
        url = urlsplit(self.path)
        return self.gate.answer(unquote(url.path), parse_qs(url.query))

    def send_endpoint(self, headers: dict[str, str] = NO_HEADERS) -> None:
        url = urlsplit(self.path)
        try:
            body = self.endpoint_body()
        except ResponseError as error:
            self.send_error_body(error.status, error.message, getattr(error, "headers", {}))
        else:
            self.send_json(200, body, self.gate.next_page(url.path, parse_qs(url.query), body))

    def shorten(self, body: Any) -> Any:
        return self.gate.shorten(body)

    def send_error_body(self, status: int, message: str, headers: dict[str, str] = NO_HEADERS) -> None:
        self.send_json(status, self.gate.error(status, message), headers)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate((datetime.now(UTC) + self.gate.clock).timestamp(), usegmt=True)


@contextmanager
def serve_double(double: ApiDouble) -> Iterator[Any]:
    """Serve a double on a free port of this machine until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (ApiHandler,), {"gate": double}))
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    with run_server(server):
        yield double


def text(time: datetime | None) -> str | None:
    """Return a time as most APIs write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None
