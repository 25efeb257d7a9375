"""A dashboard that starts after an upgrade builds again what it can not read; one that runs keeps what it has."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

import dora
from dora.storage.schema import BUILD_LAYOUT
from tests.dashboards.conftest import APP, free_port, wait_until_healthy
from tests.dora.storage.test_schema import RELEASED_CONTRACT
from tests.goldens.make import read_golden, write_inputs


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Path]:
    """A folder with the data of the last release."""
    with write_inputs(tmp_path):
        read_golden(RELEASED_CONTRACT, tmp_path / "data")
        yield tmp_path


@contextmanager
def start(folder: Path, *prefix: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process of ``dora dashboard`` in a folder until the block ends, and the address of its health."""
    port = free_port()
    command = [*prefix, sys.executable, "-m", "dora", "dashboard", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            yield process, f"http://127.0.0.1:{port}/_stcore/health"
        finally:
            process.terminate()


def next_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    return process.stderr.readline().decode()


def test_a_start_builds_again(older: Path) -> None:
    """An older build is built again before the dashboard listens; a run that holds the lock is waited for."""
    build = older / "data" / "dora.duckdb"
    before = build.read_bytes()
    with (older / "data" / "landing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with start(older) as (process, health):
            assert "Another run is writing to data: waiting for its end." in next_line(process)
            assert build.read_bytes() == before
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert "It was made again from" in next_line(process)
            assert "older version" in (line := next_line(process))
            assert line.endswith("It was built again.\n")
            wait_until_healthy(health, process)
    assert dora.open(build).about()["layout"] == BUILD_LAYOUT


def test_a_start_without_permission_says_what_to_run(older: Path) -> None:
    """Where the folder is read-only, the dashboard names the command and serves; the page says the same."""
    data = older / "data"
    before = (data / "dora.duckdb").read_bytes()
    # Root may write anywhere, unless its process gives up that right.
    prefix = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    data.chmod(0o555)
    with start(older, *prefix) as (process, health):
        line = next_line(process)
        assert "older version" in line
        assert "Next: run `dora build`. This user may not write to data." in line
        wait_until_healthy(health, process)
    data.chmod(0o755)
    assert (data / "dora.duckdb").read_bytes() == before


def test_a_start_refuses_a_newer_build(organisation: Path, tmp_path: Path) -> None:
    """The files of a newer version are left to it."""
    build = newer(organisation, tmp_path / "data" / "dora.duckdb")
    before = build.read_bytes()
    (tmp_path / "dora.toml").write_text("")
    with start(tmp_path) as (process, _):
        assert "newer version" in next_line(process)
        assert process.wait() == 1
    assert build.read_bytes() == before


def test_a_running_dashboard_keeps_its_build(
    organisation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a newer version replaces the build, the pages show the build before it and say so, until one they know."""
    path = Path(shutil.copy(organisation, tmp_path / "dora.duckdb"))
    monkeypatch.setenv("DORA_DATABASE", str(path))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    numbers = [metric.value for metric in app.metric]
    newer(organisation, tmp_path / "next.duckdb").replace(path)
    app.run()
    assert [metric.value for metric in app.metric] == numbers != []
    (notice,) = (text.value for text in app.text if "newer version" in text.value)
    assert notice.endswith("These pages show the build before it.")
    Path(shutil.copy(organisation, tmp_path / "next.duckdb")).replace(path)
    assert not [text.value for text in app.run().text if "newer version" in text.value]


def newer(build: Path, target: Path) -> Path:
    """A copy of a build, as a newer version would number it."""
    target.parent.mkdir(exist_ok=True)
    shutil.copy(build, target)
    with duckdb.connect(str(target)) as con:
        con.execute(f"UPDATE build SET layout = {BUILD_LAYOUT + 1}")
    return target
