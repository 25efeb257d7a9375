"""The walk of a new user from the wheel ends in the numbers of a world that is not the demo's."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.first_day import FORGETS, compare, walk
from tests.simulation.other_world import make_other_world

ROOT = Path(__file__).resolve().parents[1]


def test_from_the_wheel_to_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a clean folder, with only the wheel and its dependencies: init, nightly, show; every number is the truth's."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    world = make_other_world(tmp_path / "world", end=today, ui_operations_since=today - FORGETS)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    words = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run([*pip, *words], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    site, day = tmp_path / "site", tmp_path / "day"
    subprocess.run([*pip, "install", "--no-deps", "--no-compile", "--target", str(site), str(wheel)], check=True)
    day.mkdir()
    dora = [sys.executable, "-m", "dora"]
    monkeypatch.setenv("PYTHONPATH", str(site))
    compare(walk(dora, day, world), dora, world.truth)
