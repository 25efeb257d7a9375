"""The commands that judge numbers, as a person runs them: tables in words, JSON for programs, errors that help."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.dora.lineage.forked import dora

MONDAY = datetime(2026, 1, 5)


SHA = "0123456789abcdef0123456789abcdef01234567"


def _csv() -> str:
    """Twenty weeks of two services: from week twelve on the busy one deploys three times as often."""
    lines = ["id,application,environment,status,started_at,finished_at,repository,commit,version"]
    for week in range(20):
        for number in range((6 if week < 12 else 18) + week % 2):
            at = MONDAY + timedelta(weeks=week, hours=9 * number)
            status = "failed" if number == 0 and week % 4 == 0 else "succeeded"
            lines.append(f"b{week}-{number},busy,production,{status},{at}Z,{at + timedelta(minutes=5)}Z,,,")
        at = MONDAY + timedelta(weeks=week, hours=50)
        version = f"registry.example/quiet:{week}-{SHA}"
        lines.append(
            f"q{week},quiet,production,succeeded,{at}Z,{at + timedelta(minutes=5)}Z,acme/quiet,{SHA},{version}"
        )
    return "\n".join(lines)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "deployments.csv").write_text(_csv())
    (folder / "dora.toml").write_text('[teams]\n"store/busy" = ["busy"]\n"store/quiet" = ["quiet"]\n')
    assert dora(folder, "ingest", "files", "deployments.csv").returncode == 0
    assert dora(folder, "build").returncode == 0
    return folder


WEEKS = ("--since", "2026-03-30", "--until", "2026-05-25")  # the last eight weeks, against the eight before


def test_compare_says_what_moved_and_what_did_not(shop: Path) -> None:
    """Three times the deployments is beyond noise; failures of few are not, and say how many it would take."""
    said = dora(shop, "compare", *WEEKS)
    assert said.returncode == 0, said.stderr
    lines = {line.split("  ")[0]: line for line in said.stdout.splitlines()}
    assert "better" in lines["Deployment frequency"]
    assert "not significant" in lines["Change failure rate"]
    assert "not comparable" in lines["Lead time for changes"]
    assert "periods: 2026-03-30 to 2026-05-25 against 2026-02-02 to 2026-03-30" in said.stderr
    (row,) = json.loads(dora(shop, "compare", "change_failure_rate", *WEEKS, "--json").stdout)
    assert (row["now"]["n"], row["before"]["n"]) == (4 * 18 + 4 * 19 + 8, 4 * 6 + 4 * 7 + 8)
    assert row["move"]["needed"] > 100


def test_signals_name_the_weeks(shop: Path) -> None:
    """The step is one line from its week on, with what is usual; what has too few weeks is counted, not judged."""
    said = dora(shop, "signals", "deployment_frequency", "--until", "2026-05-25")
    assert "2026-03-30" in said.stdout
    assert "outside control limits, up" in said.stdout
    assert "trend alerts in 1 series with control limits; 0 series have too few complete weeks" in said.stderr
    (series,) = json.loads(dora(shop, "signals", "deployment_frequency", "--until", "2026-05-25", "--json").stdout)
    assert (len(series["weeks"]), series["baseline"]) == (20, 10)
    assert series["limits"]["low"][0] < series["limits"]["centre"] < series["limits"]["high"][0]
    quiet = dora(shop, "signals", "recovery_time")
    assert quiet.stdout == ""
    assert "1 series have too few complete weeks" in quiet.stderr


def test_benchmark_gives_a_probability_and_its_source(shop: Path) -> None:
    """Two a day is elite for sure; a year that could not be read is a usage error that names those that could."""
    said = dora(shop, "benchmark", *WEEKS)
    assert "elite (probability over 99 %)" in said.stdout
    assert "Accelerate State of DevOps 2024" in said.stderr
    assert "not cut-offs" in said.stderr
    rows = json.loads(dora(shop, "benchmark", "--year", "2025", *WEEKS, "--json").stdout)
    stood = {row["metric"] for row in rows if row["worse"]}
    assert stood == {"deployment_frequency", "change_failure_rate", "recovery_time", "rework_rate"}
    refused = dora(shop, "benchmark", "--year", "2023")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "2024" in refused.stderr


def test_diff_of_two_definitions_names_what_moved(shop: Path) -> None:
    """Counting no release at all leaves out every deployment of the count, and touches nothing else."""
    (shop / "none.toml").write_text('[definitions]\nfrequency_kinds = ["hotfix"]\n')
    said = dora(shop, "diff", "data/dora.duckdb", "none.toml")
    assert said.returncode == 0, said.stderr
    lines = {line.split("  ")[0]: line for line in said.stdout.splitlines()}
    assert lines["Deployment frequency"].rstrip().endswith("exclusion changed")
    assert lines["Change failure rate"].rstrip().endswith("none")
    assert "excluded (release)" in said.stderr
    rows = json.loads(dora(shop, "diff", "data/dora.duckdb", "data/dora.duckdb", "--json").stdout)
    assert {json.dumps(row["observations"]) for row in rows} == {"{}"}


def test_another_statistic_and_groups_of_teams(shop: Path) -> None:
    """show takes a statistic by name, a team with all below it, and the group of teams."""
    rows = json.loads(dora(shop, "show", "deployment_frequency", "--by", "group", "--json").stdout)
    assert [row["group"] for row in rows] == ["store"]
    named = json.loads(dora(shop, "show", "deployment_frequency", "--team", "store/quiet", "--json").stdout)
    assert [row["n"] for row in named] == [20]
    assert "90th percentile" in dora(shop, "show", "time_between_deployments", "--statistic", "p90").stdout
    refused = dora(shop, "show", "deployment_frequency", "--statistic", "p90")
    assert (refused.returncode, "has no p90" in refused.stderr) == (2, True)


def test_explain_prints_the_definitions_that_shaped_a_number(shop: Path) -> None:
    """Each key with its value, for how many applications, and the sentence that a lead would read."""
    said = dora(shop, "explain", "change_failure_rate").stdout
    below = said.partition("Definitions in force:")[2]
    assert {"failure_window_hours", "rollback_blames", "hotfix_branches"} <= set(below.split())
    (line,) = [line for line in below.splitlines() if line.startswith("failure_window_hours")]
    assert line.split()[1:3] == ["24.0", "2"]
    assert "at most this many hours before" in line


def test_explain_shortens_what_only_machines_read(shop: Path) -> None:
    """In the table a commit has nine digits and an image no registry; JSON holds both whole."""
    asked = ("explain", "deployment_frequency", "--application", "quiet", "--since", "2026-05-18")
    said = dora(shop, *asked).stdout
    assert f" {SHA[:9]} " in said
    assert f" quiet:19-{SHA[:9]} " in said
    assert (SHA in said, "registry.example" in said) == (False, False)
    (row,) = json.loads(dora(shop, *asked, "--json").stdout)
    assert (row["commit"], row["version"]) == (SHA, f"registry.example/quiet:19-{SHA}")
