"""One small world for all tests of faults; they run on one worker, which sets it up once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest

from tests.faults.clocks import Clocks
from tests.faults.flips import Flips
from tests.faults.scenarios import Scenario, Stage, set_stage


@pytest.hookimpl(tryfirst=True)  # see tests/conftest.py
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests together."""
    for item in items:
        if "stage" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("faults"))


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world, and folders from which runs begin."""
    if sys.platform != "linux":
        pytest.skip("faults are put into a process by LD_PRELOAD, which is of Linux")
    if not shutil.which("cc"):
        pytest.fail("these tests compile their fault injector: install a C compiler that is called cc")
    with set_stage(tmp_path_factory.mktemp("faults")) as stage:
        yield stage


@pytest.fixture(scope="session")
def scenarios(stage: Stage) -> dict[str, Scenario]:
    """The scenarios by name; the run without a fault happens once for all tests."""
    return stage.scenarios()


@pytest.fixture(scope="session")
def flips(stage: Stage) -> Flips:
    """Bit flips in files of the same world."""
    return Flips(stage)


@pytest.fixture(scope="session")
def clocks(stage: Stage) -> Clocks:
    """Nights of the same world, each with its clock."""
    return Clocks(stage)
