"""Fault D2: SIGTERM, SIGHUP and SIGINT at random moments of a night, by real signals to real processes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ingest.simulation.model.world import World
from tests.conftest import landed
from tests.ingest.spinnaker.conftest import HOUR, NOW, execution, world
from tests.processes import dora, dora_while
from tests.simulation.gate import Gate, serve

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "data" / "samples"
TIMES = int(os.environ.get("DORA_SIGNALS", "6"))  # 200 in the long run
EVERY = 3 if TIMES < 100 else 1  # of these runs are followed by another night
SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
ROWS = ("execution", "rollout", "commit", "change", "incident")


def small_world() -> World:
    """Enough executions for several pages and commits of rows."""
    return world(*(execution(f"E{n:03}", NOW - n * HOUR) for n in range(120)))


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    with serve(small_world()) as served:
        yield served


def make_folder(folder: Path, gate: Gate) -> Path:
    """A folder whose night reads the Gate and some files."""
    folder.mkdir()
    spinnaker = f'[sources.spinnaker]\nendpoint = "{gate.url}"\nrequests_per_10s = 0\npage_size = 10\n'
    definitions = '[definitions]\nproduction_accounts = ["prod-*"]\n'
    (folder / "dora.toml").write_text(f'{spinnaker}[sources.files]\npaths = ["{SAMPLES}/*.csv"]\n{definitions}')
    return folder


def read_rows(folder: Path) -> list[list[tuple[Any, ...]]]:
    """The facts of landing, without what names the load; and the numbers of the build."""
    query = 'SELECT count(*), sum(hash(t)) FROM (SELECT * EXCLUDE load_id FROM "{}") t'
    return [landed(folder / "data", query.format(table)) for table in ROWS]


def wait_for_start(folder: Path) -> None:
    """Wait for the log of the run, which is its first file."""
    while not list(folder.glob("data/logs/*")):
        time.sleep(0.002)


def send(folder: Path, number: signal.Signals, delay: float) -> Callable[[int], None]:
    """Send a signal so long after the run has begun."""

    def sent(process: int) -> None:
        wait_for_start(folder)
        time.sleep(delay)
        with suppress(ProcessLookupError):
            os.kill(process, number)

    return sent


def test_d2_a_signal_at_any_moment_ends_a_night_cleanly(gate: Gate, tmp_path: Path) -> None:
    """Its exit code and one line say so, no unfinished file stays, and the next night has what a clean one has."""
    clean, start = make_folder(tmp_path / "clean", gate), time.monotonic()
    assert dora(clean, "nightly", "--quiet").returncode == 0
    duration, expected, fired = time.monotonic() - start, read_rows(clean), 0
    expected_show = dora(clean, "show", "--json").stdout
    chance = random.Random(TIMES)
    for n in range(TIMES):
        folder, number = make_folder(tmp_path / str(n), gate), SIGNALS[n % 3]
        result = dora_while(folder, ["nightly", "--quiet"], send(folder, number, chance.uniform(0, duration)))
        assert result.returncode in (0, 128 + number), result.stderr
        if result.returncode:
            fired += 1
            assert result.stderr.splitlines()[-1].startswith(f"dora: {number.name} ended the command. What was")
        assert "Traceback" not in result.stderr
        assert [path.name for path in (folder / "data").rglob("*") if "aside" in path.name] == []
        assert (folder / "data" / "dora.duckdb").exists() <= (folder / "data" / "landing.duckdb").exists()
        if n % EVERY == 0:
            assert dora(folder, "nightly", "--quiet").returncode == 0
            assert read_rows(folder) == expected
    assert fired > TIMES // 3
    assert dora(folder, "nightly", "--quiet").returncode == 0
    assert dora(folder, "show", "--json").stdout == expected_show


@pytest.mark.parametrize("number", SIGNALS)
def test_d2_a_command_of_its_own_ends_with_the_code_of_the_signal(
    number: signal.Signals, gate: Gate, tmp_path: Path
) -> None:
    """While Gate does not answer: at once, with the message and no traceback, also of the threads that wait for it."""
    folder = make_folder(tmp_path / "own", gate)
    began = []

    def block(path: str) -> None:
        if "search" in path:
            began.append(path)
            time.sleep(3)

    gate.before = block
    command = [sys.executable, "-m", "dora", "nightly"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not began and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    gate.before = lambda path: None
    assert (process.returncode, stderr.count("\n")) == (128 + number, 1), stderr
    assert stderr.startswith(f"dora: {number.name} ended")


def test_a_signal_that_is_ignored_stays_so(gate: Gate, tmp_path: Path) -> None:
    """Under nohup a closed terminal does not end a night."""
    folder = make_folder(tmp_path / "nohup", gate)
    command = ["nohup", sys.executable, "-m", "dora", "nightly", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=environment, text=True, **streams) as process:  # type: ignore[call-overload]
        wait_for_start(folder)
        process.send_signal(signal.SIGHUP)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
