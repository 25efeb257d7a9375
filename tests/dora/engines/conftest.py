"""Servers of Spark Connect without a JVM: in this process, where workers are threads, and as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dora.config.engine import EngineSettings
from tests.dora.parts.conftest import object_store

__all__ = ["object_store"]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def spark_settings() -> Iterator[EngineSettings]:
    """The settings of an engine that has the address of Sail in this process."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start()
    assert server.listening_address
    host, port = server.listening_address
    yield EngineSettings(kind="spark", remote=f"sc://{host}:{port}", workers=2)
    server.stop()


@pytest.fixture
def start_sail(tmp_path: Path) -> Iterator[Callable[..., EngineSettings]]:
    """Start Sail as a process, whose Python finds what is in a folder before what is installed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(folder: Path = ROOT) -> EngineSettings:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "RUST_LOG": "error"}
        command = [str(Path(sys.executable).with_name("sail")), "spark", "server", "--port", str(port)]
        processes.append(subprocess.Popen(command, env=environment))
        wait_for_port(port)
        return EngineSettings(kind="spark", remote=f"sc://127.0.0.1:{port}", workers=2)

    yield start
    for process in processes:
        process.kill()
        process.wait()


def wait_for_port(port: int) -> None:
    for _ in range(600):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(port)
