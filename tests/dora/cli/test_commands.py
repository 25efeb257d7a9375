"""The commands as users and cron run them: real processes, data on stdout, messages on stderr, exit codes."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dora.cli.app import app
from dora.errors import UsageError
from ingest.simulation.model.world import World
from tests.processes import dora
from tests.simulation.gate import serve

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "data" / "samples"
KEYS = ["metric", "value", "unit", "statistic", "n", "low", "high", "open", "excluded", "partial", "reason", "as_of",
        "incomplete", "total", "days", "window_days", "observed_for_less", "scatter", "relevant_change",
        "earliest", "latest",
        "deployments", "unknown_commits", "off_trunk_commits",
        "p10", "p25", "p75", "p90", "plain_median", "mean"]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples ingested and built."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "dora.toml").write_text('[teams]\nstore = ["shop"]\n')
    assert dora(folder, "ingest", "files", *sorted(SAMPLES.iterdir())).returncode == 0
    assert dora(folder, "build").returncode == 0
    return folder


def rows(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert result.returncode == 0, result.stderr
    parsed: list[dict[str, Any]] = json.loads(result.stdout)
    return parsed


def test_show_json_has_one_object_a_value(shop: Path) -> None:
    """The keys are those the README names, in all groupings."""
    assert [list(row) for row in rows(dora(shop, "show", "lead_time", "--json"))] == [KEYS]
    (row,) = rows(dora(shop, "show", "lead_time", "--by", "team", "--json"))
    assert list(row) == ["metric", "team", *KEYS[1:]]
    assert row["team"] == "store"
    first = rows(dora(shop, "show", "lead_time", "--by", "application", "--every", "month", "--json"))[0]
    assert list(first) == ["metric", "application", "period", *KEYS[1:]]
    assert (first["application"], first["period"], first["value"]) == ("shop", "2026-03-01", 0.7)


def test_show_alone_prints_every_metric(shop: Path) -> None:
    """Without a name all metrics are printed; for people as a table, with null as a dash."""
    names = [row["metric"] for row in rows(dora(shop, "show", "--json"))]
    assert set(names) == {path.stem for path in (ROOT / "dora/sql/metrics").glob("*.sql")}
    table = dora(shop, "show").stdout
    assert "Lead time for changes" in table
    assert "42 min" in table
    assert "–" in table


def test_csv_and_json_agree(shop: Path) -> None:
    """Three forms, one set of numbers."""
    text = dora(shop, "show", "change_failure_rate", "--csv").stdout
    (from_csv,) = csv.DictReader(io.StringIO(text))
    (from_json,) = rows(dora(shop, "show", "change_failure_rate", "--json"))
    assert float(from_csv["value"]) == from_json["value"] == pytest.approx(2 / 3)
    assert json.loads(from_csv["excluded"]) == from_json["excluded"] == {"rollback": 1}


def test_explain_lists_what_the_number_counts(shop: Path) -> None:
    """The rows of explain reproduce the number."""
    listed = rows(dora(shop, "explain", "change_failure_rate", "--json"))
    counted = [row["value"] for row in listed if row["excluded"] is None]
    (row,) = rows(dora(shop, "show", "change_failure_rate", "--json"))
    assert sum(counted) / len(counted) == row["value"]
    assert {row["failure_evidence"] for row in listed} == {None, "incident", "deploy rollback"}


def test_data_is_on_stdout_and_messages_on_stderr(shop: Path) -> None:
    """With --json stdout is JSON alone, and without a terminal there is no progress line."""
    result = dora(shop, "build", "--json")
    assert [row["check"] for row in json.loads(result.stdout)]
    assert "\r" not in result.stderr
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "lead_tme"], 2, "lead_time"),
        (["show", "--every", "minute"], 2, "day, week or month"),
        (["show", "--no-such-option"], 2, "--no-such-option"),
        (["show", "--config", "gone.toml"], 2, "gone.toml"),
        (["ingest", "jenkins"], 2, "files, git, github_issues, jira, pagerduty, spinnaker"),
        (["ingest", "git", "x.csv"], 2, "takes no paths"),
        (["ingest", "files", "gone-deployments.csv"], 2, "gone-deployments.csv"),
        (["nightly"], 2, "No sources are configured"),
    ],
)
def test_a_usage_error_is_exit_2_with_a_message(shop: Path, words: list[str], code: int, says: str) -> None:
    """It names what is wrong and what exists; there is no traceback."""
    result = dora(shop, *words)
    assert (result.returncode, result.stdout) == (code, "")
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_built_yet(tmp_path: Path) -> None:
    """The first command of a new user says what to run next."""
    result = dora(tmp_path, "show")
    assert result.returncode == 2
    assert "dora build" in result.stderr
    assert dora(tmp_path, "build").returncode == 2


def test_a_lock_is_exit_75(shop: Path) -> None:
    """While another run writes, ingest and build stop at once and touch nothing."""
    with (shop / "data" / "landing.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for words in (["build"], ["ingest", "files", SAMPLES / "deployments.csv"]):
            result = dora(shop, *words)
            assert result.returncode == 75
            assert "nothing was touched" in result.stderr


def test_a_failing_gate_is_exit_1_and_nightly_continues(tmp_path: Path) -> None:
    """One failing source does not stop the others: exit 3, the rest is landed and built."""
    with serve(World(now=1_790_000_000_000)) as gate:
        gate.error_statuses = {"/applications": 404}
        (tmp_path / "dora.toml").write_text(
            f'[sources.spinnaker]\nendpoint = "{gate.url}"\n[sources.files]\npaths = ["{SAMPLES}/*.csv"]\n'
        )
        assert dora(tmp_path, "ingest", "spinnaker").returncode == 1
        result = dora(tmp_path, "nightly")
    assert result.returncode == 3, result.stderr
    assert "missing: spinnaker: " in result.stderr
    (row,) = rows(dora(tmp_path, "show", "deployment_frequency", "--json"))
    assert row["n"] == 2


def test_nightly_prints_the_same_warnings_with_json(tmp_path: Path) -> None:
    """With --json stdout holds the check results alone; what is quarantined or missing is on stderr either way."""
    (tmp_path / "dora.toml").write_text("[sources.files]\npaths = ['*.csv']\n[sources.git]\nrepositories = ['gone']\n")
    (tmp_path / "deployments.csv").write_text(
        "id,application,environment,status,started_at,finished_at,colour\n"
        "a,shop,production,succeeded,2026-03-02T08:00Z,2026-03-02T09:00Z,red\nb,,,,,,\n"
    )
    as_json, as_table = dora(tmp_path, "nightly", "--json"), dora(tmp_path, "nightly")
    assert (as_json.returncode, as_table.returncode) == (3, 3)
    assert {row["check"] for row in json.loads(as_json.stdout)} >= {"quarantined_documents"}
    assert as_json.stderr.splitlines() == as_table.stderr.splitlines()
    lines = "\n".join(as_json.stderr.splitlines())
    assert re.search("^files: .*colour", lines, re.M)
    assert re.search("^files: 1 could not be read", lines, re.M)
    assert re.search("^dora: 1 part missing; ", lines, re.M)
    assert re.findall("^missing: (.*?):", lines, re.M) == ["git"]


def test_a_gate_that_refuses_us_is_exit_4(tmp_path: Path) -> None:
    """Without a token Gate sends its login page, with a wrong one a refusal; the token is never repeated."""
    with serve(World(now=1_790_000_000_000), auth="right") as gate:
        (tmp_path / "dora.toml").write_text(f'[sources.spinnaker]\nendpoint = "{gate.url}"\n')
        for token in ("", "spk_wrong_and_secret"):
            result = dora(tmp_path, "ingest", "spinnaker", DORA_GATE_TOKEN=token)
            assert result.returncode == 4, result.stderr
            assert "spk_wrong" not in result.stderr + result.stdout
        assert dora(tmp_path, "ingest", "spinnaker", DORA_GATE_TOKEN="right").returncode == 0


def test_progress_is_printed_on_a_terminal_only(tmp_path: Path) -> None:
    """On a terminal one line is overwritten while models are built; without a terminal there is none."""
    assert dora(tmp_path, "ingest", "files", SAMPLES / "deployments.csv").stderr == ""
    ours, theirs = os.openpty()
    subprocess.run(
        [sys.executable, "-m", "dora", "build"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs, check=True
    )
    os.close(theirs)
    assert b"model attempts" in os.read(ours, 65536)


def test_stale_data_is_exit_5(tmp_path: Path) -> None:
    """`dora check` fails if the data is older than stale_after_hours."""
    (tmp_path / "dora.toml").write_text("stale_after_hours = 0.000001\n")
    assert dora(tmp_path, "ingest", "files", SAMPLES / "deployments.csv").returncode == 0
    assert dora(tmp_path, "build").returncode == 0
    result = dora(tmp_path, "check")
    assert result.returncode == 5
    assert "dora nightly" in result.stderr


def test_ingesting_twice_changes_nothing(tmp_path: Path) -> None:
    """The second run of the same file finds every row unchanged; --replay too."""
    words = ["ingest", "files", *sorted(SAMPLES.iterdir()), "--json"]
    first = json.loads(dora(tmp_path, *words).stdout)["tables"]
    second = json.loads(dora(tmp_path, *words).stdout)["tables"]
    again = json.loads(dora(tmp_path, "ingest", "files", "--replay", "--json").stdout)["tables"]
    assert first["rollout"] == {"new": 6, "changed": 0, "unchanged": 0}
    for table, counts in second.items():
        assert counts == {"new": 0, "changed": 0, "unchanged": first[table]["new"]}
        assert again[table]["new"] == again[table]["changed"] == 0


def test_ignored_columns_and_quarantined_rows_are_printed(tmp_path: Path) -> None:
    """An unknown column is named and a bad row counted, with or without a terminal; everything else is ingested."""
    head, good = (
        "id,application,environment,status,started_at,finished_at,colour",
        "2026-03-02T08:00Z,2026-03-02T09:00Z",
    )
    (tmp_path / "deployments.csv").write_text(
        f"{head}\na,shop,production,succeeded,{good},red\nb,shop,production,exploded,{good},red\n"
    )
    result = dora(tmp_path, "ingest", "files", "deployments.csv")
    assert result.returncode == 0
    assert "colour" in result.stderr
    assert "1 could not be read" in result.stderr
    assert "deployments.csv:3" in dora(tmp_path, "build").stdout


def test_a_stale_export_is_exit_5_beside_a_fresh_one(tmp_path: Path) -> None:
    """Reading an old file again makes nothing newer, and another source does not hide it."""
    today = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    sources = "".join(
        f'[sources.{name}]\ntype = "files"\npaths = ["{name}-incidents.csv"]\n' for name in ("new", "old")
    )
    (tmp_path / "dora.toml").write_text(sources)
    for name, opened_at in (("new", today), ("old", "2026-03-02T15:40:00Z")):
        text = f"id,application,opened_at,resolved_at\n1,shop,{opened_at},\n"
        (tmp_path / f"{name}-incidents.csv").write_text(text)
    assert dora(tmp_path, "nightly").returncode == 0
    result = dora(tmp_path, "check")
    assert result.returncode == 5
    assert "old ends 2026-03-02 15:40:00" in result.stderr
    assert "new ends" not in result.stderr


def test_a_source_without_data_is_stale(tmp_path: Path) -> None:
    """A file of a header alone is read, and says nothing of any day."""
    (tmp_path / "dora.toml").write_text("")
    (tmp_path / "incidents.csv").write_text("id,application,opened_at,resolved_at\n")
    assert dora(tmp_path, "ingest", "files", "incidents.csv").returncode == 0
    assert dora(tmp_path, "build").returncode == 0
    result = dora(tmp_path, "check")
    assert (result.returncode, "files has no data" in result.stderr) == (5, True)


def test_quarantine_lists_what_to_do(tmp_path: Path) -> None:
    """Each input that could not be read has its reason and next step, until it is dismissed."""
    (tmp_path / "dora.toml").write_text("")
    assert dora(tmp_path, "quarantine").returncode == 2
    (tmp_path / "incidents.csv").write_text("id,application,opened_at,resolved_at\n1,shop,soon,\n2,shop,later,\n")
    assert dora(tmp_path, "ingest", "files", "incidents.csv").returncode == 3
    first, second = rows(dora(tmp_path, "quarantine", "--json"))
    assert (first["input"], second["source"]) == ("incidents.csv:2", "files")
    assert "'soon' is not a time" in first["reason"]
    retry = "correct line 2 and run `dora ingest files incidents.csv`"
    assert first["next"] == f"{retry}; or run `dora quarantine --dismiss incidents.csv:2`"
    dismissed = dora(tmp_path, "quarantine", "--dismiss", "incidents.csv:2")
    assert "1 input in quarantine, 1 dismissed" in dismissed.stdout
    assert len(rows(dora(tmp_path, "quarantine", "--all", "--json"))) == 2
    assert dora(tmp_path, "quarantine", "--dismiss", "incidents.csv:9").returncode == 2
    (tmp_path / "incidents.json").write_text(
        '[\n{"id": "3",\n"application": "shop", "opened_at": "soon", "resolved_at": null}]'
    )
    assert dora(tmp_path, "ingest", "files", "incidents.json").returncode == 3
    assert rows(dora(tmp_path, "quarantine", "--json"))[-1]["next"].startswith("correct entry 1 and run")


def test_config_show_prints_the_definitions_in_force(shop: Path) -> None:
    """Every definition is printed with its value and its sentence."""
    settings = json.loads(dora(shop, "config", "show", "--json").stdout)
    assert settings["definitions"]["failure_window_hours"] == 24
    assert "is attributed to a deployment" in dora(shop, "config", "show").stdout


def test_doctor_has_the_exit_code_of_its_worst_check(tmp_path: Path) -> None:
    """0 if nothing fails, 5 if something does, 4 if a server refuses us; each line has a next step."""
    settings = f'[sources.files]\npaths = ["{SAMPLES}/*.csv"]\ncomplete_until = 2099-01-01\n'
    (tmp_path / "dora.toml").write_text(settings)
    assert dora(tmp_path, "ingest", "files", *sorted(SAMPLES.glob("*.csv"))).returncode == 0
    checks = {row["check"]: row for row in rows(dora(tmp_path, "doctor", "--json"))}
    assert (checks["landing"]["state"], checks["files data"]["state"]) == ("ok", "ok")
    assert checks["build"] | {"message": ""} == {
        "check": "build", "state": "warn", "message": "", "next": "run `dora build`.",
    }  # fmt: skip
    assert dora(tmp_path, "doctor").returncode == 0
    (tmp_path / "dora.toml").write_text("[sources.files]\npaths = ['*.parquet']\n")
    assert dora(tmp_path, "doctor").returncode == 5
    with serve(World(now=1_790_000_000_000), auth="right") as gate:
        (tmp_path / "dora.toml").write_text(f'[sources.spinnaker]\nendpoint = "{gate.url}"\n')
        result = dora(tmp_path, "doctor", DORA_GATE_TOKEN="spk_wrong_and_secret")
    assert result.returncode == 4, result.stderr
    assert "spk_wrong" not in result.stdout + result.stderr


def test_an_ingest_ends_with_a_summary(tmp_path: Path) -> None:
    """The table counts rows new, changed, unchanged and in landing; in a second run all are unchanged."""
    now = 1_790_000_000_000
    stage = {"id": "s1", "type": "deployManifest", "status": "SUCCEEDED", "startTime": now - 9_000, "context": {}}
    run = {"id": "e1", "application": "shop", "status": "SUCCEEDED", "buildTime": now - 9_000, "stages": [stage]}
    (tmp_path / "runs.ndjson").write_text(json.dumps(run) + "\n" + "{}\n")
    lines = dora(tmp_path, "ingest", "spinnaker", "--load", "runs.ndjson").stdout.splitlines()
    assert lines[0] == "spinnaker: 1 document, 1 quarantined"
    counts = {line.split("  ")[0]: line.split()[-4:] for line in lines[2:]}
    assert counts["executions"] == ["1", "0", "0", "1"]
    assert counts["deployments (all environments)"][-1] == "1"
    again = json.loads(dora(tmp_path, "ingest", "spinnaker", "--load", "runs.ndjson", "--json").stdout)
    assert again["tables"]["execution"] == {"new": 0, "changed": 0, "unchanged": 1}
    assert again["row_counts"] | {"deployments": 1, "rollbacks": 0} == again["row_counts"]
    assert again["requests"] is None


def test_requests_are_counted(tmp_path: Path) -> None:
    """The summary of a source with a server has the number of requests that the server received."""
    with serve(World(now=1_790_000_000_000)) as gate:
        (tmp_path / "dora.toml").write_text(f'[sources.spinnaker]\nendpoint = "{gate.url}"\n')
        summary = json.loads(dora(tmp_path, "ingest", "spinnaker", "--json").stdout)
        assert summary["requests"] == len(gate.requests) > 0


def test_every_command_has_a_runnable_example() -> None:
    """Each command's help ends in an example."""
    names = "ingest", "build", "check", "nightly", "doctor", "show", "explain", "dashboard", "demo", "config show"
    for command in names:
        text = dora(ROOT, *command.split(), "--help").stdout
        assert f"Example: {'15 2 * * *' if command == 'nightly' else f'dora {command}'}" in text, command


WINDOWS: dict[str, list[str]] = {"none": [], "age": ["--since", "90d"], "quarter": ["--since", "last quarter"]}


@pytest.fixture(scope="module")
def unused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first build of an empty export."""
    folder = tmp_path_factory.mktemp("unused")
    (folder / "deployments.csv").write_text("id,application,environment,status,started_at,finished_at\n")
    (folder / "dora.toml").write_text(f"data = {str(folder / 'data')!r}\n")
    assert dora(folder, "ingest", "files", "deployments.csv").returncode == 0
    assert dora(folder, "build").returncode == 0
    return folder


@pytest.mark.parametrize("window", WINDOWS)
def test_commands_answer_a_build_without_data(unused: Path, window: str) -> None:
    """Lists are empty, a comparison says why there is none, and nothing breaks."""
    options = [*WINDOWS[window], "--config", str(unused / "dora.toml")]
    for command in ("show", "digest", "audit", "rollbacks", "canaries", "changes", "signals", "goals", "benchmark"):
        result = CliRunner().invoke(app, [command, *options])
        assert (result.exit_code, result.exception) == (0, None), (command, result.output)
    with pytest.raises(UsageError, match="The build has no data to compare"):
        CliRunner().invoke(app, ["compare", "lead_time", *options], catch_exceptions=False)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux lists the threads of a process")
def test_numpy_starts_no_threads_in_a_command() -> None:
    """A command has no matrices, so NumPy may not start a thread for each processor of a server."""
    script = (
        "import os, sys; from dora.cli.app import main; sys.argv = ['dora', '--version']\n"
        "try: main()\n"
        "except SystemExit: import numpy; print(len(os.listdir('/proc/self/task')))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert result.stdout.split()[-1] == "1"


def test_a_build_imports_no_pandas(shop: Path) -> None:
    """A build has no data frames, so it does not pay for their import."""
    command = [sys.executable, "-X", "importtime", "-m", "dora", "build"]
    result = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "pyarrow" in imported
    assert "pandas.core" not in imported
