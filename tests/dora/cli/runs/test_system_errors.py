"""Faults D3, D6, D9 and D10: what the machine refuses is one line that says what to do, and the data is kept."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import dora

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "data" / "samples"
# Permissions do not bind root, unless it gives up the capability.
BOUND = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
SHOW = ["show", "deployment_frequency", "--json"]


def prepare(folder: Path) -> Path:
    """A folder with data and a build."""
    for sample in SAMPLES.glob("*.csv"):
        shutil.copy(sample, folder)
    (folder / "dora.toml").write_text('[sources.files]\npaths = ["*.csv"]\n')
    assert dora(folder, "nightly", "--quiet").returncode == 0
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def folder(shared: Path, tmp_path: Path) -> Path:
    """A copy for one test."""
    return Path(shutil.copytree(shared, tmp_path / "copy"))


def run(folder: Path, *words: str, limit: Callable[[], None] = lambda: None) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, under a limit, as a user whom permissions bind."""
    command, environment = [*BOUND, sys.executable, "-m", "dora", *words], {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, preexec_fn=limit, capture_output=True, text=True, check=False, timeout=300
    )


def assert_refused(result: subprocess.CompletedProcess[str], says: str) -> None:
    """It failed in one line, without a traceback, with what to do."""
    assert (result.returncode, result.stdout) == (1, ""), result.stderr
    lines = [line for line in result.stderr.splitlines() if not line.startswith("The log ")]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("dora: ")
    assert says in lines[0]
    assert " Next: " in lines[0]


@pytest.mark.parametrize("words", [["nightly"], ["ingest", "files"], ["build"]])
def test_d9_a_folder_that_can_not_be_written_is_said(folder: Path, words: list[str]) -> None:
    """Exit 1; what was built stays readable."""
    (folder / "data").chmod(0o500)
    for name in ("logs", "payloads"):
        (folder / "data" / name).chmod(0o500)
    assert_refused(run(folder, *words), "give this user the permission")
    (folder / "data").chmod(0o700)
    assert run(folder, *SHOW).returncode == 0


def test_d9_a_lock_of_another_user_is_said(folder: Path) -> None:
    """A file that this user may not open names itself."""
    lock = folder / "data" / "landing.lock"
    lock.chmod(0)
    assert_refused(run(folder, "ingest", "files"), "data/landing.lock: Permission denied")


@pytest.mark.parametrize("words", [["ingest", "files"], ["build"], ["show"]])
def test_d9_a_file_of_another_user_is_said(folder: Path, words: list[str]) -> None:
    """Landing and the build: DuckDB's words in ours."""
    for name in ("landing.duckdb", "dora.duckdb"):
        (folder / "data" / name).chmod(0)
    assert_refused(run(folder, *words), "Permission denied")


def limit_files() -> None:
    """Let no file be larger than a small landing."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


@pytest.mark.parametrize("words", [["ingest", "files"], ["build"]])
def test_d3_a_file_that_may_not_grow_is_said(folder: Path, words: list[str]) -> None:
    """As a full disk in the middle of a run: the last build is served, and the next run heals."""
    before = dora(folder, *SHOW).stdout
    if words[0] == "ingest":
        (folder / "data" / "landing.duckdb").unlink()
    assert_refused(run(folder, *words, limit=limit_files), "raise the limit of the size of files")
    assert [path.name for path in (folder / "data").rglob("*") if "aside" in path.name] == []
    assert dora(folder, *SHOW).stdout == before
    assert dora(folder, "nightly", "--quiet").returncode == 0
    assert dora(folder, *SHOW).stdout == before


@pytest.mark.parametrize("words", [["nightly"], ["build"]])
def test_d3_a_run_does_not_start_on_a_full_disk(folder: Path, words: list[str]) -> None:
    """It asks for the space that `dora doctor` asks for, and changes nothing."""
    build = folder / "data" / "dora.duckdb"
    os.truncate(build, 1 << 43)  # it has no blocks there, and a run asks for twice its size
    before = build.stat().st_mtime_ns
    assert_refused(run(folder, *words), "is almost full")
    assert build.stat().st_mtime_ns == before
    assert "a run may need" in dora(folder, "doctor").stdout


@pytest.mark.parametrize("words", [["ingest", "files"], ["build"]])
def test_d10_too_little_memory_is_said(folder: Path, words: list[str]) -> None:
    """Whatever fails first, DuckDB, Python or a thread: the last build is served, and the next run heals."""
    before = dora(folder, *SHOW).stdout
    for megabytes in (420, 500, 600):
        result = run(
            folder, *words, limit=lambda size=megabytes: resource.setrlimit(resource.RLIMIT_AS, (size << 20,) * 2)
        )
        assert "Traceback" not in result.stderr
        # A library that gets no memory may end the process, or fail to load; that is as loud, and the data is kept.
        assert result.returncode <= 0 or "emory" in result.stderr or "What was committed is kept" in result.stderr
    assert dora(folder, *SHOW).stdout == before
    assert dora(folder, "nightly", "--quiet").returncode == 0


def test_d10_too_few_open_files_are_said(folder: Path) -> None:
    """A limit of the shell is named as one."""
    result = run(folder, "ingest", "files", limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6)))
    assert result.returncode != 0
    assert "Traceback" not in result.stderr


def test_d6_a_block_that_is_damaged_under_a_query_is_said(folder: Path) -> None:
    """Also where only the query meets it: the build is damaged, and `dora build` makes it again."""
    build = folder / "data" / "dora.duckdb"
    content = build.read_bytes()
    results = set()
    for place in range(20_000, len(content), len(content) // 12):
        flipped = bytearray(content)
        flipped[place] ^= 4
        build.write_bytes(flipped)
        result = dora(folder, "show")
        assert "Traceback" not in result.stderr
        results.add((result.returncode, "dora.duckdb is damaged" in result.stderr, "run `dora build`" in result.stderr))
    assert (5, True, True) in results
    assert results <= {(5, True, True), (0, False, False)}
    assert dora(folder, "build").returncode == 0
    assert dora(folder, "show").returncode == 0
