"""Files of every released version go on: the next run makes them again, and readers have the old build until then."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import dora as product
from dora.storage.schema import BUILD_LAYOUT, CONTRACT
from tests.conftest import landed
from tests.dora.storage.test_schema import RELEASED_CONTRACT, RELEASED_LAYOUT
from tests.goldens.make import DATABASES, GOLDENS, INPUTS, read_golden, write_inputs
from tests.processes import dora

RELEASED = [*range(RELEASED_CONTRACT + 1)]
# Files have 4 readable lines, the saved executions are 4, those of Gate 2; the last export has a line without a time.
ROWS = {"execution": 10, "commit": 3, "change": 3, "incident": 1, "quarantine": 1, "canary": 1, "approval": 1}
# Deployments are s1-s3, d1-d3, p1 and p2; of them s3 was undone, d1 caused an incident and d2 failed. Seven took all
# traffic, in the four days from 2 to 5 March. The changes of 08:00 served at 08:40, 08:50 and 08:50. To recover took
# d1 10:10-13:10, d2 10:30-11:30 and s3 08:50-10:10.
NUMBERS = {
    "change_failure_rate": (0.375, 8),
    "deployment_frequency": (1.75, 7),
    "lead_time": (50 / 60, 3),
    "recovery_time": (80 / 60, 3),
    "detection_time": (1.0, 1),
    "repair_time": (2.0, 1),
    "approval_wait": (10 / 60, 1),
}
# The version before contracts had numbers knew no second source of a type, so that p1 and p2 come with the next night.
FIRST_ROWS = ROWS | {"execution": 8}
FIRST_NUMBERS = NUMBERS | {"change_failure_rate": (0.5, 6), "deployment_frequency": (5 / 3, 5)}


def counts(data: Path) -> dict[str, int]:
    return {table: landed(data, f'SELECT count(*) FROM "{table}"')[0][0] for table in ROWS}


def numbers(data: Path) -> dict[str, Any]:
    delivery = product.open(data / "dora.duckdb")
    values = {name: next(iter(delivery.metric(name))) for name in NUMBERS}
    return {name: (pytest.approx(value.value), value.n) for name, value in values.items()}


def test_every_released_contract_has_a_golden() -> None:
    """A release keeps files of its contract here (``python -m tests.goldens.make CHECKOUT NUMBER``)."""
    assert {path.name for path in GOLDENS.glob("contract_*")} == {f"contract_{number}" for number in RELEASED}


@pytest.mark.parametrize("version", RELEASED)
def test_a_build_migrates(version: int, tmp_path: Path) -> None:
    """The first build of this version replays the payloads, says so in one line, and has the numbers."""
    data = tmp_path / "data"
    with write_inputs(tmp_path):
        read_golden(version, data)
        result = dora(tmp_path, "build")
    assert result.returncode == 0, result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert f"(contract {version}, now {CONTRACT})" in result.stderr
    assert counts(data) == (ROWS if version else FIRST_ROWS)
    assert numbers(data) == (NUMBERS if version else FIRST_NUMBERS)


@pytest.mark.parametrize("version", [RELEASED[0], RELEASED[-1]])
def test_a_night_migrates(version: int, tmp_path: Path) -> None:
    """The first night of this version does the same, and reads each source on from where the old one ended."""
    data = tmp_path / "data"
    with write_inputs(tmp_path):
        read_golden(version, data)
        result = dora(tmp_path, "nightly")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("It was made again from") == 1, result.stderr
    assert counts(data) == ROWS
    assert numbers(data) == NUMBERS


def test_readers_have_the_old_build_until_the_new_one(tmp_path: Path) -> None:
    """While a real process migrates, every reader opens one of the two builds, and what is open stays as it was."""
    path = tmp_path / "data" / "dora.duckdb"
    with write_inputs(tmp_path):
        read_golden(RELEASED_CONTRACT, path.parent)
        reader = duckdb.connect()
        reader.execute(f"ATTACH '{path}' AS old (READ_ONLY)")
        deployments = reader.execute("FROM old.deployments ORDER BY ALL").fetchall()
        layouts = [layout(path)]
        with subprocess.Popen([sys.executable, "-m", "dora", "build"], cwd=tmp_path, stderr=subprocess.PIPE) as process:
            while process.poll() is None:
                layouts.append(layout(path))
    assert process.returncode == 0
    layouts.append(layout(path))
    assert layouts == sorted(layouts)
    assert set(layouts) == {RELEASED_LAYOUT, BUILD_LAYOUT}
    assert reader.execute("FROM old.deployments ORDER BY ALL").fetchall() == deployments != []


def layout(path: Path) -> int:
    """The layout of a build, as a new reader sees it."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{path}' AS build_file (READ_ONLY)")
        (number,) = con.execute("SELECT layout FROM build_file.build").fetchall()[0]
        return int(number)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Where a payload is damaged, both files stay as they were, byte by byte, and the message names the payload."""
    data = tmp_path / "data"
    with write_inputs(tmp_path):
        read_golden(RELEASED_CONTRACT, data)
        payload = next((data / "payloads" / "git").rglob("*.zst"))
        body = bytearray(payload.read_bytes())
        body[len(body) // 2] ^= 1
        payload.write_bytes(body)
        before = {name: (data / name).read_bytes() for name in DATABASES}
        result = dora(tmp_path, "build")
    assert result.returncode == 1
    assert f"{payload.name} could not be read to its end" in result.stderr
    assert {name: (data / name).read_bytes() for name in DATABASES} == before


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this version: an incident, ingested and built."""
    folder = tmp_path_factory.mktemp("current")
    (folder / "dora.toml").write_text('[sources.files]\npaths = ["incidents.csv"]\n')
    shutil.copy(INPUTS / "incidents.csv", folder)
    assert dora(folder, "nightly").returncode == 0
    return folder


def change(path: Path, statement: str) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute(statement)


def renumber(path: Path) -> None:
    """Write a storage version of the future into the first header, with the checksum that DuckDB keeps of it."""
    body = bytearray(path.read_bytes())
    body[12:20] = (10_000).to_bytes(8, "little")
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", body[8:4096]):
        checksum ^= word * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    body[:8] = checksum.to_bytes(8, "little")
    path.write_bytes(body)


NEWER: dict[str, tuple[str, Callable[[Path], object]]] = {
    "contract": ("landing.duckdb", lambda path: change(path, f"UPDATE contract SET version = {CONTRACT + 1}")),
    "storage version of landing": ("landing.duckdb", renumber),
    "layout": ("dora.duckdb", lambda path: change(path, f"UPDATE build SET layout = {BUILD_LAYOUT + 1}")),
    "storage version of the build": ("dora.duckdb", renumber),
}


@pytest.mark.parametrize("newer", NEWER)
def test_a_newer_file_is_refused_unchanged(newer: str, current: Path, tmp_path: Path) -> None:
    """A version that was installed again after a newer one says so, and does not touch the files of the newer one."""
    name, make_newer = NEWER[newer]
    folder = shutil.copytree(current, tmp_path / "folder")
    make_newer(folder / "data" / name)
    before = {file: (folder / "data" / file).read_bytes() for file in DATABASES}
    commands = {"landing.duckdb": ("build", "nightly"), "dora.duckdb": ("show", "check")}
    for command in commands[name]:
        result = dora(folder, command)
        assert result.returncode not in (0, 3)
        for words in ("newer", "it was not touched", "install that version again"):
            assert words in result.stderr
        assert {file: (folder / "data" / file).read_bytes() for file in DATABASES} == before
