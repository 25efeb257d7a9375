"""Fault D9: which users may read what a run writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.processes import dora

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "samples"


def prepare(folder: Path, run: str = "") -> Path:
    """A folder with two sources, one of which has a mirror."""
    work = folder / "work"
    for command in (["init", "-q", "-b", "main", "."], ["-c", "user.name=A", "-c", "user.email=a@b.example", "commit",
                    "-q", "--allow-empty", "-m", "One"]):  # fmt: skip
        work.mkdir(exist_ok=True)
        subprocess.run(["git", *command], cwd=work, check=True)
    (folder / "dora.toml").write_text(
        f'[sources.files]\npaths = ["{SAMPLES}/*.csv"]\n'
        f'[sources.git]\nrepositories = [{{ url = "{work}" }}]\n[run]\n{run}'
    )
    return folder


def modes(folder: Path) -> dict[bool, set[int]]:
    """The permissions of all files (False) and folders (True) below the data folder, and its own."""
    found: dict[bool, set[int]] = {True: set(), False: set()}
    for path in (folder / "data", *(folder / "data").rglob("*")):
        found[path.is_dir()].add(path.stat().st_mode & 0o777)
    return found


@pytest.mark.parametrize(("run", "folders", "files"), [("", 0o700, 0o600), ("group_readable = true", 0o750, 0o640)])
def test_d9_no_other_user_may_read_the_data(tmp_path: Path, run: str, folders: int, files: int) -> None:
    """Landing, build, payloads, mirrors, logs and the lock; the group only if the settings say so."""
    prepare(tmp_path, run)
    assert dora(tmp_path, "nightly", "--quiet").returncode == 0
    # git makes objects read-only
    assert {mode | 0o200 for mode in modes(tmp_path)[False]} == {files}
    assert modes(tmp_path)[True] == {folders}
    names = {path.name for path in (tmp_path / "data").iterdir()}
    assert names == {"landing.duckdb", "dora.duckdb", "landing.lock", "payloads", "mirrors", "logs"}


def test_d9_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    """The next run closes its own files, and leaves those of others in the same folder alone."""
    prepare(tmp_path)
    assert dora(tmp_path, "nightly", "--quiet").returncode == 0
    other = tmp_path / "data" / "other.txt"
    other.touch(mode=0o644)
    for path in (tmp_path / "data").iterdir():
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert dora(tmp_path, "build", "--quiet").returncode == 0
    left = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "data").iterdir()}
    assert {name for name, mode in left.items() if mode} == {"other.txt"}
