"""A double of Gate that serves a world over real HTTP, with Gate's manners: errors, login page, limits and all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from ingest.simulation.gate.auth import Door, answering
from ingest.simulation.gate.endpoints import Answers
from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.gate.handler import Handler
from ingest.simulation.gate.state import Gate
from ingest.simulation.model.world import World


@contextmanager
def serve(
    world: World,
    *,
    mode: Mode = "sql",
    token: str | Door | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Gate]:
    """Serve a world until the block ends; the world may change between requests.

    ``mode`` is the store behind Orca, ``token`` the API token that is asked for, or another door.
    """
    door = token if isinstance(token, Door) else Door()
    gate = Gate(world, token if isinstance(token, str) else None, Answers(world, mode), door=door)
    server = ThreadingHTTPServer((host, port), type("BoundHandler", (Handler,), {"gate": gate}))
    server.daemon_threads = True
    gate.url = f"http://{host}:{server.server_port}"
    if door.tls:
        gate.url = f"https://{host}:{server.server_port}"
        server.socket = door.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with answering(server):
        yield gate
