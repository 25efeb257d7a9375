"""The wheel has everything that the packages need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_it_has_every_file_of_the_packages(wheel: Path) -> None:
    """Code, .sql, .toml and the dashboard's settings are in, and what `dora init --samples` writes; tests are not."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    inside = {name for name in names if not name.startswith("dora/samples/")}
    samples = {f"samples/{path.name}" for path in (ROOT / "data/samples").iterdir()} | {"dora.example.toml"}
    samples |= {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {name.removeprefix("dora/samples/") for name in names - inside} == samples
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "dora", "ingest", "dashboards"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert inside == {name for name in listed if (ROOT / name).exists()}
    assert "dashboards/server/.streamlit/config.toml" in inside


def test_the_demo_runs_from_it_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """`dora demo --no-serve` works with only the wheel and its dependencies."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    words = ["install", "--quiet", "--no-deps", "--no-compile", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"}

    def run(*words: str) -> str:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=empty, env=environment, check=True, capture_output=True, text=True).stdout

    assert Path(run("-c", "import dora; print(dora.__file__)").strip()).is_relative_to(site)
    assert "Lead time for changes" in run("-m", "dora", "demo", "--no-serve", "--scale", "0.03")
    values = json.loads(run("-m", "dora", "show", "--config", "data/demo/dora.toml", "--json"))
    assert all(row["n"] > 0 for row in values)
