"""A build says why its numbers are empty, and which globs of the settings match nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import dora
from dora.build.run import build
from dora.config.settings import read
from tests.processes import dora as run_dora

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "samples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing with deployments to the environments live and rehearsal, and without changes or incidents."""
    folder = tmp_path_factory.mktemp("hints")
    rows = ["id,application,environment,status,started_at,finished_at,repository,commit"]
    for number in range(4):
        environment = "rehearsal" if number == 3 else "live"
        times = f"2026-03-0{number + 1}T08:00Z,2026-03-0{number + 1}T08:10Z"
        rows.append(f"d{number},till,{environment},succeeded,{times},northwind/till,{number:040x}")
    (folder / "deployments.csv").write_text("\n".join(rows))
    (folder / "dora.toml").write_text("")
    assert run_dora(folder, "ingest", "files", "deployments.csv").returncode == 0
    return folder


def hints(folder: Path, settings: str) -> dict[str, dict[str, Any]]:
    path = folder / "dora.toml"
    path.write_text(settings)
    build(read(path))
    delivery = dora.open(folder / "data" / "dora.duckdb")
    rows = {row["name"]: row for row in delivery.hints()}
    delivery.close()
    return rows


def test_nothing_is_production(folder: Path) -> None:
    """The sentence has what was deployed to, each with its count; the lines are settings that make numbers."""
    hint = hints(folder, "")["no_production"]
    assert "live: 3 deployments; rehearsal: 1 deployment" in hint["sentence"]
    assert tomllib.loads(hint["lines"]) == {"definitions": {"production_environments": ["live"]}}
    assert "no_production" not in hints(folder, hint["lines"])


def test_commands_print_the_lines(folder: Path) -> None:
    """`show`, `build` and `check` say why a number is empty on standard error, and show only of what it prints."""
    hints(folder, "")
    for words in (["show"], ["show", "lead_time"], ["build"], ["check"]):
        result = run_dora(folder, *words)
        assert 'production_environments = ["live"]' in result.stderr, words
        assert "production_environments" not in result.stdout


def test_a_repository_that_is_not_ingested(folder: Path) -> None:
    """It is named with its deployments; its address is that of the others with its name."""
    settings = '[definitions]\nproduction_environments = ["live"]\n'
    hint = hints(folder, settings)["no_repository"]
    assert "northwind/till (4 deployments)" in hint["sentence"]
    assert hint["metrics"] == "lead_time batch_size"
    git = '[sources.git]\nrepositories = [{ url = "https://git.example.com/northwind/other.git" }]\n'
    assert '"https://git.example.com/northwind/till.git"' in hints(folder, settings + git)["no_repository"]["lines"]


def test_a_metric_with_numbers_has_no_hint(folder: Path) -> None:
    """What is not empty needs no explanation."""
    hints(folder, '[definitions]\nproduction_environments = ["live"]\n')
    assert "paste" not in run_dora(folder, "show", "deployment_frequency").stderr
    assert "incidents-*.csv" in run_dora(folder, "show", "time_to_restore").stderr


def test_a_glob_that_matches_nothing_is_named_with_the_nearest(folder: Path) -> None:
    """In definitions, teams and applications; one that matches, and a default, are not named."""
    rows = hints(
        folder,
        '[definitions]\nproduction_environments = ["live", "lives"]\n[teams]\nmoney = ["til", "t*"]\n'
        '[[applications]]\nmatch = ["titl"]\nproduction_pipelines = ["x*"]\n',
    )
    globs = {name: row["sentence"] for name, row in rows.items() if name.startswith("glob")}
    assert globs == {
        "glob [definitions] production_environments lives": '[definitions] production_environments: "lives" matches no'
        " environment: did you mean live?",
        "glob [teams] money til": '[teams] money: "til" matches no application: did you mean till?',
        "glob [[applications]] match titl": '[[applications]] match: "titl" matches no application: did you mean till?',
    }


def test_a_build_of_an_earlier_version_has_no_hints(folder: Path) -> None:
    """Nothing fails where the table is missing."""
    hints(folder, "")
    import duckdb

    with duckdb.connect(folder / "data" / "dora.duckdb") as con:
        con.execute("DROP TABLE hints")
    delivery = dora.open(folder / "data" / "dora.duckdb")
    assert delivery.hints() == []
    delivery.close()


def test_an_empty_page_has_the_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is production the page has the sentence and the lines to paste."""
    from streamlit.testing.v1 import AppTest

    hints(folder, "")
    monkeypatch.setenv("DORA_DATABASE", str(folder / "data" / "dora.duckdb"))
    page = AppTest.from_file(str(SAMPLES.parents[1] / "dashboards" / "app.py"), default_timeout=60).run()
    assert not page.exception
    assert "Nothing is production" in " ".join(text.value for text in page.text)
    assert 'production_environments = ["live"]' in page.code[0].value
