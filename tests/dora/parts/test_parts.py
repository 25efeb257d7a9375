"""A build in parts has every row of the whole build, whatever ends on the way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import msgspec
import pytest

from dora.build.run import build
from dora.config.engine import EngineSettings
from dora.config.settings import Config
from dora.engines import here
from dora.engines.task import Task
from dora.errors import DoraError
from dora.parts import layout
from dora.parts.run import build_in_parts
from dora.parts.task import build_part, select_files
from dora.storage import database
from ingest.core.pipeline import pull
from ingest.core.source import Request
from tests.conftest import Facts, Landed, built
from tests.dora.parts.adversary import AS_OF, adversary, execution, rollout
from tests.dora.parts.comparison import build_in_this_process, differing_rows, split_naively

WHOLE, BUILT = "whole.duckdb", database.PUBLISHED


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The adversary landing, built as a whole."""
    folder, facts = tmp_path_factory.mktemp("adversary"), adversary()
    built(folder, facts)
    (folder / BUILT).rename(folder / WHOLE)
    return Config(data=folder, **facts.settings)


def with_parts(config: Config, parts: int, store: Path) -> Config:
    return msgspec.structs.replace(config, engine={"parts": parts, "store": str(store)})


@pytest.mark.parametrize("parts", [1, 3, 7])
def test_parts_have_the_rows_of_the_whole(hostile: Config, parts: int, tmp_path: Path) -> None:
    """However applications depend on each other, every table of every number of parts equals that of the whole."""
    done = build_in_parts(with_parts(hostile, parts, tmp_path), run_tasks=build_in_this_process)
    assert done.parts == parts
    assert differing_rows(hostile.data / WHOLE, hostile.data / BUILT) == {}


def test_a_naive_split_has_other_rows(hostile: Config, tmp_path: Path) -> None:
    """Applications that are divided without a plan give other rows of many tables, so the comparison can fail."""
    differences = differing_rows(hostile.data / WHOLE, split_naively(hostile, 3, tmp_path))
    assert len(differences) > 10
    assert {'"main"."rollouts"', '"main"."recoveries"', '"main"."deployment_contents"'} <= differences.keys()


def test_only_a_part_with_other_rows_is_built(hostile: Config, tmp_path: Path) -> None:
    """One more execution changes one part, nothing more changes none; each time the rows are those of the whole."""
    data = tmp_path / "data"
    shutil.copytree(hostile.data, data)
    config = with_parts(msgspec.structs.replace(hostile, data=data), 4, tmp_path / "store")
    build_in_parts(config, run_tasks=build_in_this_process)
    rows = {"execution": [execution("more", "shop", 29)], "rollout": [rollout("more", "shop", 29, "9.9")]}
    pull(Landed(Facts(rows=rows, as_of=AS_OF)), data, Request())
    for expected in (1, 0):
        done = build_in_parts(config, only_changed=True, run_tasks=build_in_this_process)
        assert (done.parts, done.built) == (4, expected)
        (data / BUILT).rename(data / "parts.duckdb")
        build(config)
        assert differing_rows(data / BUILT, data / "parts.duckdb") == {}


def die_half_way(store: str, build_id: str, part: int, attempt: int) -> None:
    """Build a part, and kill this process when the first of its tables is written."""
    folder = Path(store) / layout.result_folder(build_id, part, attempt)

    def kill() -> None:
        while not any(folder.glob("*.parquet")):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    build_part(store, build_id, part, attempt)


def test_a_part_whose_process_dies_is_built_again(hostile: Config, tmp_path: Path) -> None:
    """A task that is killed half-way is named, the last build stays, and the next one has the rows of the whole."""
    config = with_parts(hostile, 2, tmp_path)
    (hostile.data / BUILT).write_bytes(b"the last build")

    def kill_one(tasks: list[Task]) -> None:
        here.run(tasks[:1], die_half_way, EngineSettings())

    with pytest.raises(DoraError, match=r"1 part of 1 could not be built: 0 \(.*killed by signal 9\)"):
        build_in_parts(config, run_tasks=kill_one)  # type: ignore[arg-type]
    assert (hostile.data / BUILT).read_bytes() == b"the last build"
    build_in_parts(config)
    assert differing_rows(hostile.data / WHOLE, hostile.data / BUILT) == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["builds", "current", "landing"]
    assert list((tmp_path / "landing").iterdir()) == []


def test_the_last_build_stays_if_the_driver_is_killed(hostile: Config, tmp_path: Path) -> None:
    """A driver that is killed while parts are built changes nothing that is read, and the next one starts anew."""
    store = tmp_path / "store"
    settings = tmp_path / "dora.toml"
    definitions = "\n".join(f"{key} = {value}" for key, value in hostile.definitions.items())
    settings.write_text(
        f'data = "{hostile.data}"\n[engine]\nparts = 2\nstore = "{store}"\n[definitions]\n{definitions}\n'
    )
    (hostile.data / BUILT).write_bytes(b"the last build")
    command = [sys.executable, "-m", "dora", "build", "--config", str(settings)]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while driver.poll() is None and not any(store.glob("builds/*/part=00")):
        time.sleep(0.01)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    assert (hostile.data / BUILT).read_bytes() == b"the last build"
    assert not (store / layout.CURRENT).exists()
    build_in_parts(with_parts(hostile, 2, store), run_tasks=build_in_this_process)
    assert differing_rows(hostile.data / WHOLE, hostile.data / BUILT) == {}
    assert len(list(store.glob("builds/*"))) == 1
    assert not list(hostile.data.glob("parts-*"))


def test_damaged_parts_are_refused(hostile: Config, tmp_path: Path) -> None:
    """Rows that are not those of the control totals of a part do not become a build."""
    config = with_parts(hostile, 2, tmp_path)

    def build_and_damage(tasks: list[Task]) -> None:
        build_in_this_process(tasks)
        task = tasks[0]
        path = tmp_path / layout.result_folder(task.build_id, task.part, task.attempt) / "main.deployments.parquet"
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE rows AS {select_files([path])} OFFSET 1").execute(f"COPY rows TO '{path}'")

    with pytest.raises(DoraError, match=r"The rows of main\.deployments are not those that its parts built"):
        build_in_parts(config, run_tasks=build_and_damage)  # type: ignore[arg-type]
