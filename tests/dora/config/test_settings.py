"""Settings: where they are read from, and how errors are reported."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dora.config.definitions import validate
from dora.config.settings import Config, read
from dora.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]


def test_no_file_is_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dora.toml everything has a default, so that `dora ingest files x.csv` just works."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DORA_CONFIG", raising=False)
    assert read() == Config()


def test_data_lies_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative data folder starts at the settings file, wherever the command runs."""
    (tmp_path / "dora.toml").write_text('data = "warehouse"\ntimezone = "Europe/Berlin"\n')
    monkeypatch.setenv("DORA_CONFIG", str(tmp_path / "dora.toml"))
    assert read().data == tmp_path / "warehouse"
    assert read().timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[source.git]\n", "source"),
        ("timezone = 'Mars/Olympus'\n", "Mars/Olympus"),
        ("data = \n", "not TOML"),
        ("[[teams]]\nname = 'red'\n", "write teams as dora.example.toml does"),
        ("[sources]\ngit = 5\n", "write sources as dora.example.toml does"),
    ],
)
def test_an_invalid_file(tmp_path: Path, text: str, says: str) -> None:
    """An unknown key or zone, a broken line or a table of another form is an error that says what to write."""
    path = tmp_path / "dora.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        read(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A path that the user gives must exist."""
    with pytest.raises(UsageError, match=r"gone\.toml"):
        read(tmp_path / "gone.toml")


def test_the_example_is_valid(tmp_path: Path) -> None:
    """Every key of dora.example.toml exists."""
    path = tmp_path / "dora.toml"
    path.write_text((ROOT / "dora.example.toml").read_text())
    config = read(path)
    validate(config)
    assert set(config.sources) == {"spinnaker", "git"}
    assert tomllib.loads(path.read_text())["sources"]["spinnaker"]["token_env"] == "DORA_GATE_TOKEN"
