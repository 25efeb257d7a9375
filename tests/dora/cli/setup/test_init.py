"""`dora init` against the double of Gate and real repositories, in a world that is not the demo's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.processes import dora
from tests.simulation.gate import Gate, serve
from tests.simulation.other_world import OtherWorld, make_other_world

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
TOKEN = {"DORA_GATE_TOKEN": "spk_day"}


@pytest.fixture(scope="module")
def other_world(tmp_path_factory: pytest.TempPathFactory) -> OtherWorld:
    folder = tmp_path_factory.mktemp("world")
    return make_other_world(folder, end=TODAY, ui_operations_since=TODAY - timedelta(days=14))


@pytest.fixture(scope="module")
def gate(other_world: OtherWorld) -> Iterator[Gate]:
    with serve(other_world.organisation.world, auth="spk_day") as server:
        yield server


def test_a_first_file_needs_no_edit(gate: Gate, other_world: OtherWorld, tmp_path: Path) -> None:
    """Production by environments, every repository, the pattern of tags, teams of owners; few requests, no news."""
    words = ("--repositories", other_world.repositories.parent)
    result = dora(tmp_path, "init", "--endpoint", gate.url, *words, "--yes", **TOKEN)
    assert result.returncode == 0, result.stderr
    assert "12 requests were sent" in result.stderr
    text = (tmp_path / "dora.toml").read_text()
    settings = tomllib.loads(text)
    assert settings["sources"]["spinnaker"] == {"endpoint": gate.url}
    assert "spk_day" not in text + result.stdout + result.stderr
    definitions = settings["definitions"]
    assert set(definitions["production_accounts"]) == {"live-fra", "live-iad", "metal-live"}
    assert definitions["tag_patterns"] == ["{version}", "v{version}", "rel-{version}"]
    urls = {entry["url"] for entry in settings["sources"]["git"]["repositories"]}
    assert urls == {str(path) for path in other_world.repositories.iterdir()}
    assert settings["teams"]["money"] == ["coupon-api", "settlement", "till"]
    again = dora(tmp_path, "init", **TOKEN)
    assert "it has everything that was found" in again.stderr
    assert (tmp_path / "dora.toml").read_text() == text


def test_nothing_is_production_until_it_is_confirmed(gate: Gate, tmp_path: Path) -> None:
    """Without --yes and without a terminal the lines are comments."""
    result = dora(tmp_path, "init", "--endpoint", gate.url, "--repositories", "https://git.example.com", **TOKEN)
    assert "Nothing is production yet" in result.stderr
    text = (tmp_path / "dora.toml").read_text()
    settings = tomllib.loads(text)
    assert "production_accounts" not in settings["definitions"]
    assert '#   "live-fra"' in text
    assert {"url": "https://git.example.com/northwind/till.git"} in settings["sources"]["git"]["repositories"]


def test_an_existing_file_is_not_changed(gate: Gate, tmp_path: Path) -> None:
    """What it lacks is printed as lines to paste; a person's globs and teams count as theirs."""
    own = '[definitions]\nproduction_accounts = ["live-*"]  # ours\n[teams]\nshopping = ["till", "shelf"]\n'
    (tmp_path / "dora.toml").write_text(own)
    result = dora(tmp_path, "init", "--endpoint", gate.url, "--repositories", "https://git.example.com", **TOKEN)
    assert (tmp_path / "dora.toml").read_text() == own
    assert 'production_accounts = ["live-*", "metal-live"]' in result.stdout
    assert f'endpoint = "{gate.url}"' in result.stdout
    assert "till" not in result.stdout.partition("[teams]")[2]
    assert 'dock = ["basketry"]' in result.stdout


def test_a_token_that_is_not_set_is_named(gate: Gate, tmp_path: Path) -> None:
    """Exit 4, the name of the variable, and no file."""
    result = dora(tmp_path, "init", "--endpoint", gate.url, "--token-env", "GATE_KEY", "--yes")
    assert result.returncode == 4
    assert "the variable GATE_KEY is not set" in result.stderr
    assert not (tmp_path / "dora.toml").exists()


def test_without_a_gate_it_says_what_to_give(tmp_path: Path) -> None:
    """A script that names none gets the options."""
    result = dora(tmp_path, "init", "--yes")
    assert result.returncode == 2
    assert "--endpoint or --spin-config" in result.stderr


def test_samples_are_written_and_ingested(tmp_path: Path) -> None:
    """The files lead to numbers by the commands that are printed; a second time nothing is overwritten."""
    result = dora(tmp_path, "init", "--samples")
    assert {"dora.example.toml", "samples/deployments.csv", "notebooks/start_here.ipynb"} <= set(result.stdout.split())
    (tmp_path / "dora.example.toml").write_text("mine")
    assert "existed and were kept" in dora(tmp_path, "init", "--samples").stderr
    assert (tmp_path / "dora.example.toml").read_text() == "mine"
    assert dora(tmp_path, "ingest", "files", *sorted((tmp_path / "samples").iterdir())).returncode == 0
    assert dora(tmp_path, "build").returncode == 0
