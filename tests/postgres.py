"""A real PostgreSQL server for tests, which an unprivileged user runs on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

PASSWORD = "s3cret pass@word"
PUBLISHER, READER = "publisher", "grafana"
NEEDED = "PostgreSQL is not installed; in Debian it is the package postgresql"


@dataclass(frozen=True)
class Server:
    """A server that runs, with the users ``postgres``, ``publisher`` and ``grafana``; all have the same password."""

    port: int

    def url(self, database: str, user: str = PUBLISHER) -> str:
        """The address of a database, without a password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", user: str = "postgres") -> psycopg.Connection[Any]:
        """A connection that commits each statement."""
        return psycopg.connect(self.url(database, user), password=PASSWORD, autocommit=True)

    def create_database(self, name: str) -> str:
        """Create a database in which the publisher may create schemas, and return its address."""
        with self.connect() as con:
            con.execute(f"CREATE DATABASE {name}")
            con.execute(f"GRANT CREATE ON DATABASE {name} TO {PUBLISHER}")
        return self.url(name)


def _programs() -> Path:
    """The folder of the server's programs."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")), shutil.which("postgres")]
    paths = [Path(place).parent for place in places if place]
    if not paths:
        (pytest.fail if os.environ.get("DORA_REQUIRE_POSTGRES") == "1" else pytest.skip)(NEEDED)
    return paths[-1]


@contextmanager
def run_server(port: int) -> Iterator[Server]:
    """Run a server in a folder that is removed at the end."""
    programs, folder = _programs(), Path(tempfile.mkdtemp(prefix="dora-postgres-"))
    options: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # as which PostgreSQL refuses to run
        options |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    init = ("--auth=scram-sha-256", "--pwfile=password", "--username=postgres", "--encoding=UTF8", "--locale=C")
    subprocess.run([programs / "initdb", "-D", "data", "--no-sync", *init], check=True, capture_output=True, **options)
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off",
        "full_page_writes": "off", "deadlock_timeout": "1s",
    }  # fmt: skip
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([programs / "postgres", "-D", "data", *flags], stderr=log, **options)
    try:
        server = Server(port)
        with _wait(server, folder / "log") as con:
            for user in (PUBLISHER, READER):
                con.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # SIGTERM would wait for the clients
        process.wait(60)
        shutil.rmtree(folder)


def _wait(server: Server, log: Path) -> psycopg.Connection[Any]:
    """The first connection that the server accepts."""
    end = time.monotonic() + 60
    while True:
        try:
            return server.connect()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                pytest.fail(log.read_text())
            time.sleep(0.1)
