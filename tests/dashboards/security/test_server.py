"""The process of the dashboard: where it listens, what an error shows, and that no address of a payload is opened."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psutil

from tests.conftest import ROOT
from tests.dashboards.conftest import free_port, run_server, serve_dashboard
from tests.dashboards.server.viewer import Viewer
from tests.ingest.spinnaker.conftest import SHA, T, delivered, deploy_stage, loaded, run, stage

PAGES = ("", "flow", "stability", "canary", "audit", "data")


def test_s9_only_this_machine_can_connect(organisation: Path, tmp_path: Path) -> None:
    """``dora dashboard`` listens on the loopback interface alone, and on one port."""
    port = free_port()
    (tmp_path / "dora.toml").write_text(f"data = '{organisation.parent}'\n")
    command = [sys.executable, "-m", "dora", "dashboard", "--port", str(port), "--config", str(tmp_path / "dora.toml")]
    with run_server(command, f"http://127.0.0.1:{port}/_stcore/health", tmp_path):
        processes = psutil.Process().children(recursive=True)
        (server,) = [process for process in processes if str(port) in process.cmdline()]
        listening = [c.laddr for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", port)]


def test_s12_an_error_shows_no_detail(organisation: Path, tmp_path: Path) -> None:
    """A build that lacks a table: the page says that there is an error, without a path, a table or a line of code."""
    broken = Path(shutil.copy(organisation, tmp_path / "dora.duckdb"))
    with duckdb.connect(str(broken)) as con:
        con.execute("ALTER TABLE deployments RENAME TO c4nary_table")
    with serve_dashboard(broken, tmp_path) as address:
        viewer, pages = Viewer(address), []
        for page in PAGES:
            viewer.read_page(page, "boom=c4nary-boom")
            pages.append(viewer.elements)
    for page in pages:
        assert b"error" in page
        for word in ("Traceback", "CatalogException", "Catalog Error", "c4nary", str(ROOT), str(tmp_path), "duckdb"):
            assert word.encode() not in page, word


@contextmanager
def listen() -> Iterator[tuple[str, list[Any]]]:
    """An address of this machine, and who has connected to it."""
    connections: list[Any] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.3", 0))
        listener.listen()

        def accept() -> None:
            try:
                while True:
                    connection, peer = listener.accept()
                    connections.append(peer)
                    connection.close()
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.3:{listener.getsockname()[1]}", connections


def test_s8_no_address_of_a_payload_is_requested(tmp_path: Path) -> None:
    """Builds, artifacts, webhooks, icons and messages name a server: ingest, build, pages and report never ask it."""
    with listen() as (place, connections):
        url = f"http://{place}/latest/meta-data"
        build = {"url": url, "artifacts": [{"url": url}], "scm": [{"sha1": SHA, "remoteUrl": url, "branch": "main"}]}
        webhook = stage("webhook", {"url": url, "statusUrl": url, "webhook": {"monitor": {"progressMessage": url}}})
        trigger = {
            "type": "jenkins",
            "master": url,
            "job": url,
            "buildInfo": build,
            "user": f"![x]({url}) <img src={url}>",
            "artifacts": [{"type": "docker/image", "reference": url, "location": url, "metadata": {"icon": url}}],
            "payload": {"repository": {"url": url, "avatar_url": url}},
        }
        stages = [{**deploy_stage("E", T), "id": "D"}, {**webhook, "id": "W"}]
        body = run(stages=stages, trigger=trigger, name=url, buildTime=T, startTime=T, endTime=T + 60_000)
        assert loaded(tmp_path, body).quarantined == 0
        delivery, _ = delivered(tmp_path)
        assert delivery.sql("SELECT count(*) AS n FROM deployments")[0]["n"] == 1
        with serve_dashboard(tmp_path / "dora.duckdb", tmp_path) as address:
            pages = b"".join(Viewer(address).read_page(page, "window=all") for page in PAGES)
        assert len(pages) > 10_000
        assert connections == []
        host, port = place.split(":")
        socket.create_connection((host, int(port)), timeout=5).close()
        for _ in range(100):
            if connections:
                break
            time.sleep(0.05)
        assert len(connections) == 1  # the listener would have seen them
