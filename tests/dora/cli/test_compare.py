"""The commands that judge numbers, run as processes: tables for people, JSON for programs, errors with a next step."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.processes import dora

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
    (folder / "events.csv").write_text("id,at,title,kind\nscale-up,2026-03-30,Scale up,other\n")
    assert dora(folder, "ingest", "files", "deployments.csv", "events.csv").returncode == 0
    assert dora(folder, "build").returncode == 0
    return folder


WEEKS = ("--since", "2026-03-30", "--until", "2026-05-25")  # the last eight weeks, against the eight before


def test_a_window_is_compared_before_and_after_an_event(shop: Path) -> None:
    """The day of an event, as a date and by its id, splits the window; what no window can be split at is refused."""
    window = ("--since", "2026-02-02", "--until", "2026-05-25", "--json")
    rows = {
        words: json.loads(dora(shop, "compare", "deployment_frequency", *words, *window).stdout)
        for words in (("--split", "2026-03-30"), ("--event", "scale-up"))
    }
    by_date, by_event = rows.values()
    assert by_date == by_event
    assert by_event[0]["windows"] == "2026-03-30 to 2026-05-25 against 2026-02-02 to 2026-03-30"
    (equal,) = json.loads(dora(shop, "compare", "deployment_frequency", *WEEKS, "--json").stdout)
    assert by_event[0] == equal
    for words, says in (
        (("--split", "2026-01-30"), "not within the window"),
        (("--event", "nothing"), "There is no event nothing. Next: use one of scale-up"),
        (("--event", "scale-up", "--split", "2026-03-30"), "both name a date"),
    ):
        result = dora(shop, "compare", *words, *window)
        assert result.returncode == 2
        assert says in " ".join(result.stderr.split())


def test_compare_judges_each_change(shop: Path) -> None:
    """Three times the deployments are significant; few failures are not, and have the n needed to detect a change."""
    result = dora(shop, "compare", *WEEKS)
    assert result.returncode == 0, result.stderr
    lines = {line.split("  ")[0]: line for line in result.stdout.splitlines()}
    assert "better" in lines["Deployment frequency"]
    assert "not significant" in lines["Change failure rate"]
    assert "not comparable" in lines["Lead time for changes"]
    assert "periods: 2026-03-30 to 2026-05-25 against 2026-02-02 to 2026-03-30" in result.stderr
    (row,) = json.loads(dora(shop, "compare", "change_failure_rate", *WEEKS, "--json").stdout)
    assert (row["now"]["n"], row["before"]["n"]) == (4 * 18 + 4 * 19 + 8, 4 * 6 + 4 * 7 + 8)
    assert row["move"]["needed"] > 100


def test_digest_prints_the_brief_and_the_scorecard(shop: Path) -> None:
    """Three times the deployments are a sentence with the command that lists them, and a cell of the scorecard."""
    result = dora(shop, "digest", *WEEKS)
    assert result.returncode == 0, result.stderr
    first, command = result.stdout.splitlines()[:2]
    assert first.startswith("1. Deployment frequency rose from")
    assert command.strip() == f"control chart: dora signals deployment_frequency {' '.join(WEEKS)}"
    assert "better" in next(line for line in result.stdout.splitlines() if line.startswith("store/busy"))
    brief = json.loads(dora(shop, "digest", *WEEKS, "--json").stdout)
    assert [sentence["metric"] for sentence in brief["sentences"]] == ["deployment_frequency"]
    assert {row["team"] for row in brief["scorecard"]} == {"store/busy", "store/quiet"}


def test_signals_list_trend_alerts(shop: Path) -> None:
    """The step is one alert from its week on, from what is usual to now; series with too few weeks are counted."""
    result = dora(shop, "signals", "deployment_frequency", "--until", "2026-05-25")
    assert "2026-03-30" in result.stdout
    assert "outside control limits, up" in result.stdout
    assert "trend alerts in 1 series with control limits; 0 series have too few complete weeks" in result.stderr
    (series,) = json.loads(dora(shop, "signals", "deployment_frequency", "--until", "2026-05-25", "--json").stdout)
    # the data ends within the twentieth week
    assert (len(series["weeks"]), series["baseline"]) == (19, 10)
    assert series["limits"]["low"][0] < series["limits"]["centre"] < series["limits"]["high"][0]
    heads, *lines = result.stdout.splitlines()
    assert heads.split() == ["metric", "group", "from", "week", "weeks", "alert", "usual", "now", "assessment"]
    assert {line.split()[-1] for line in lines} == {"better"}
    quiet = dora(shop, "signals", "recovery_time")
    assert quiet.stdout == ""
    assert "1 series have too few complete weeks" in quiet.stderr


def test_benchmark_gives_a_probability_and_its_source(shop: Path) -> None:
    """Two a day are elite almost for certain; a year without a table is a usage error that lists the others."""
    result = dora(shop, "benchmark", *WEEKS)
    assert "elite (probability over 99 %)" in result.stdout
    assert "Accelerate State of DevOps 2024" in result.stderr
    assert "not cut-offs" in result.stderr
    rows = json.loads(dora(shop, "benchmark", "--year", "2025", *WEEKS, "--json").stdout)
    stood = {row["metric"] for row in rows if row["worse"]}
    assert stood == {"deployment_frequency", "change_failure_rate", "recovery_time", "rework_rate"}
    error = dora(shop, "benchmark", "--year", "2023")
    assert (error.returncode, error.stdout) == (2, "")
    assert "2024" in error.stderr


def test_diff_of_two_definitions_lists_the_metrics_that_changed(shop: Path) -> None:
    """Counting no releases excludes every deployment from the frequency, and changes no other metric."""
    (shop / "none.toml").write_text('[definitions]\nfrequency_kinds = ["hotfix"]\n')
    result = dora(shop, "diff", "data/dora.duckdb", "none.toml")
    assert result.returncode == 0, result.stderr
    lines = {line.split("  ")[0]: line for line in result.stdout.splitlines()}
    assert lines["Deployment frequency"].rstrip().endswith("exclusion changed     241 frequency_kinds")
    assert " none" in lines["Change failure rate"]
    assert "excluded (release)" in result.stderr
    rows = json.loads(dora(shop, "diff", "data/dora.duckdb", "data/dora.duckdb", "--json").stdout)
    assert {json.dumps(row["observations"]) for row in rows} == {"{}"}


def test_another_statistic_and_groups_of_teams(shop: Path) -> None:
    """show takes a statistic by name, a team with all below it, and the group of teams."""
    rows = json.loads(dora(shop, "show", "deployment_frequency", "--by", "group", "--json").stdout)
    assert [row["group"] for row in rows] == ["store"]
    values = json.loads(dora(shop, "show", "deployment_frequency", "--team", "store/quiet", "--json").stdout)
    assert [row["n"] for row in values] == [20]
    assert "90th percentile" in dora(shop, "show", "time_between_deployments", "--statistic", "p90").stdout
    error = dora(shop, "show", "deployment_frequency", "--statistic", "p90")
    assert (error.returncode, "must be count, not 'p90'" in error.stderr) == (2, True)


def test_explain_prints_the_definitions_that_shaped_a_number(shop: Path) -> None:
    """Each key with its value, for how many applications, and where the sentence is that a lead would read."""
    result = dora(shop, "explain", "change_failure_rate")
    definitions = result.stdout.partition("Definitions in force:")[2]
    assert {"failure_window_hours", "rollback_blames", "hotfix_branches"} <= set(definitions.split())
    (line,) = [line for line in definitions.splitlines() if line.startswith("failure_window_hours")]
    assert line.split()[1:3] == ["24", "2"]
    assert "`dora config show` has the meaning" in result.stderr
    assert "at most this many hours earlier" in " ".join(dora(shop, "config", "show").stdout.split())


def test_explain_shortens_commits_and_images(shop: Path) -> None:
    """In the table a commit has nine digits and an image no registry; JSON holds both whole."""
    arguments = ("explain", "deployment_frequency", "--application", "quiet", "--since", "2026-05-18")
    result = dora(shop, *arguments).stdout
    assert f" {SHA[:9]} " in result
    assert f" quiet:19-{SHA[:9]} " in result
    assert (SHA in result, "registry.example" in result) == (False, False)
    (row,) = json.loads(dora(shop, *arguments, "--json").stdout)
    assert (row["commit"], row["version"]) == (SHA, f"registry.example/quiet:19-{SHA}")
