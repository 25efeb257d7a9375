"""Whole builds whose parts are tasks of Spark Connect: the rows of the whole build, whatever dies on the way."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from dora.cli.app import app
from dora.config.engine import EngineSettings
from dora.config.settings import Config, read
from dora.engines import spark
from dora.engines.task import Task, Work
from dora.errors import DoraError
from dora.parts.run import build_in_parts
from tests.conftest import Facts, built, read_scenario
from tests.dora.engines import work
from tests.dora.parts.adversary import adversary
from tests.dora.parts.comparison import differing_rows
from tests.simulation.object_store import ObjectStore

# Two applications that share a repository and no part.
SMALL = "monorepo_change_of_two_applications"
SETTINGS = """
[[applications]]
match = ["shop"]
paths = ["shop/**"]
[[applications]]
match = ["blog"]
paths = ["blog/**"]
[engine]
parts = 2
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small landing, built as a whole."""
    folder = tmp_path_factory.mktemp("whole")
    built(folder, Facts(**read_scenario(SMALL)))
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Config:
    """The settings of a copy of that folder, whose last build is the whole one."""
    shutil.copytree(whole, tmp_path / "data")
    (tmp_path / "dora.toml").write_text(SETTINGS)
    return read(tmp_path / "dora.toml")


def run_on(settings: EngineSettings, function: Work) -> Callable[[Sequence[Task]], None]:
    return lambda tasks: spark.run(tasks, function, settings)


def test_parts_on_spark_have_the_rows_of_the_whole(spark_settings: EngineSettings, tmp_path: Path) -> None:
    """Parts that workers build give every row of every table, also if one leaves a torn part and is tried again."""
    facts = adversary()
    built(tmp_path, facts)
    (tmp_path / "dora.duckdb").rename(tmp_path / "whole.duckdb")
    config = Config(data=tmp_path, **facts.settings, engine={"parts": 2})
    build_in_parts(config, run_tasks=run_on(spark_settings, work.tear_part_at_first))
    assert differing_rows(tmp_path / "whole.duckdb", tmp_path / "dora.duckdb") == {}
    done = {path.parent.name for path in tmp_path.glob("store/builds/*/part=01/*/control.json")}
    assert done == {"attempt=1", "attempt=11"}  # the second of each pass


def test_a_worker_that_is_killed_half_way_changes_nothing(
    whole: Path,
    copy: Config,
    object_store: ObjectStore,
    start_sail: Callable[..., EngineSettings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If the engine is killed while it writes a part, the last build stays; the next run has the rows of the whole.

    Driver and workers meet in an object store alone.
    """
    copy = msgspec.structs.replace(copy, engine=copy.engine | {"store": object_store.address})
    monkeypatch.setattr(spark, "JOB_RETRIES", 2)  # a minute is long for a test
    before = (copy.data / "dora.duckdb").stat().st_ino
    with pytest.raises(DoraError, match="can not be reached; the last build is kept"):
        build_in_parts(copy, run_tasks=run_on(start_sail(), work.kill_worker_half_way))
    assert (copy.data / "dora.duckdb").stat().st_ino == before
    build_in_parts(msgspec.structs.replace(copy, engine=copy.engine | {"kind": "spark", "remote": start_sail().remote}))
    assert differing_rows(whole / "dora.duckdb", copy.data / "dora.duckdb") == {}
    assert not (copy.data / "store").exists()


def test_a_driver_that_is_killed_leaves_the_last_build(
    whole: Path, copy: Config, spark_settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dora build --engine spark` is killed while parts are built: the last build is served, and the next one works."""
    monkeypatch.setenv("SPARK_REMOTE", str(spark_settings.remote))
    words = ["build", "--engine", "spark", "--config", str(copy.path)]
    before = (copy.data / "dora.duckdb").stat().st_ino
    driver = subprocess.Popen([sys.executable, "-m", "dora", *words], cwd=work.ROOT)
    while not list(copy.data.glob("store/builds/*/part=*/attempt=*/control.json")):
        assert driver.poll() is None
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    assert driver.wait() == -signal.SIGKILL
    assert (copy.data / "dora.duckdb").stat().st_ino == before
    assert CliRunner().invoke(app, words).exit_code == 0
    assert (copy.data / "dora.duckdb").stat().st_ino != before
    assert differing_rows(whole / "dora.duckdb", copy.data / "dora.duckdb") == {}
