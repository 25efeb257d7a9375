"""A night alone: any source may break, one line for the mail, a log for the rest, numbers for the alerts."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import dora

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "data" / "samples"
FILES = f'[sources.files]\npaths = ["{SAMPLES}/*.csv"]\n'
# A source with an error of its own: in its settings, in what it fetches, in what it parses.
BROKEN = """
from typing import ClassVar
from ingest.payloads.archive import Document

class SOURCE:
    name: ClassVar[str] = "broken"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, where):
        self.where = where

    @classmethod
    def from_settings(cls, settings, data):
        if settings["where"] == "settings":
            raise LookupError("no such\\nkey")
        return cls(settings["where"])

    def fetch(self, request, state):
        yield Document("letter", b"{}")
        if self.where == "fetch":
            raise b"\\xff".decode()

    def parse(self, document):
        return document.nothing if self.where == "parse" else []
"""
COMMAND = "import sys, ingest; ingest.__path__.append(sys.argv.pop(1)); from dora.__main__ import main; main()"


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with the sources of the folder ``plugins`` too."""
    command = [sys.executable, "-c", COMMAND, str(folder / "plugins"), *words]
    own = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=300)


def read_logs(folder: Path) -> list[list[dict[str, Any]]]:
    """The lines of each log, oldest log first."""
    return [
        [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted((folder / "data" / "logs").iterdir())
    ]


def events(log: Iterable[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in log]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three sources that break, before one that works."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "broken.py").write_text(BROKEN)
    parts = (f'[sources.{name}]\ntype = "broken"\nwhere = "{name}"\n' for name in ("settings", "fetch", "parse"))
    (folder / "dora.toml").write_text("".join(parts) + FILES + '[run]\nprometheus = "night.prom"\n')
    return folder


def test_nightly_survives_any_error_of_a_source(broken: Path) -> None:
    """The others run, the build runs, exit 3; each is one line in the mail, its traceback is in the log.

    An error on one document costs that document alone, and is reported as well.
    """
    result = run(broken, "nightly")
    assert result.returncode == 3, result.stderr
    lines = result.stderr.splitlines()
    fault = "letter: AttributeError: 'Document' object has no attribute 'nothing'"
    assert lines[:2] == [
        f"parse: missing: parse: of 1 input none could be read, the first: {fault.removeprefix('letter: ')}",
        f"parse: missing: an error of this program, with its document in quarantine: {fault}",
    ]
    missing = [line for line in lines if line.startswith("missing: ")]
    assert [re.match(r"missing: (\w+): (\w+): ", line)[0] for line in missing] == [  # type: ignore[index]
        "missing: settings: LookupError: ", "missing: fetch: UnicodeDecodeError: ",
    ]  # fmt: skip
    assert lines[-1].startswith("dora: 4 parts missing; everything else was ingested and built.")
    ((path,),) = {tuple(re.findall(r"data/logs/\S+\.jsonl", line)) for line in missing}
    (log,) = read_logs(broken)
    assert str(next((broken / "data" / "logs").iterdir())).endswith(path)
    tracebacks = ["".join(line["traceback"]) for line in log if line["event"] == "error"]
    assert len(tracebacks) == 3
    assert all("Traceback" in text and "broken.py" in text for text in tracebacks)
    assert events(log)[-3:] == ["build ended", "run failed", "run ended"]
    assert len({line["run"] for line in log}) == 1
    assert log[-1]["exit_code"] == 3
    assert json.loads(dora(broken, "show", "deployment_frequency", "--json").stdout)[0]["n"] == 2


def test_an_error_of_the_program_in_ingest_is_one_line(broken: Path) -> None:
    """Exit 1, no traceback on standard error; the log is named and has it."""
    result = run(broken, "ingest", "fetch")
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("dora: UnicodeDecodeError: ")
    assert "traceback in data/logs/" in line
    assert "error" in events(read_logs(broken)[-1])


@pytest.mark.parametrize("streams", [">&- 2>&- <&-", ">/dev/full 2>/dev/full", "| true", "2>&1 | head -c 1"])
def test_a_night_builds_if_its_output_can_not_be_written(tmp_path: Path, streams: str) -> None:
    """Standard output and error are closed, full, or a pipe whose reader left: everything is ingested and built."""
    (tmp_path / "dora.toml").write_text(FILES)
    subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m dora nightly {streams}"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    (log,) = read_logs(tmp_path)
    assert "build ended" in events(log)
    assert json.loads(dora(tmp_path, "show", "deployment_frequency", "--json").stdout)[0]["n"] == 2


def test_what_is_printed_to_closed_streams_goes_into_no_file(tmp_path: Path) -> None:
    """A file that opens next does not get the number of standard output."""
    (tmp_path / "dora.toml").write_text(FILES)
    script = f"'{sys.executable}' -m dora nightly >&- 2>&- <&-; '{sys.executable}' -m dora show >&- 2>&-"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, check=False, timeout=300)
    assert result.returncode == 0


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one source, ingested."""
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "dora.toml").write_text(FILES + "[run]\nkeep_logs = 2\n")
    assert dora(folder, "ingest", "files").returncode == 0
    return folder


@pytest.mark.parametrize("words", [["nightly"], ["ingest", "files"], ["build"]])
def test_quiet_prints_one_line_on_standard_error(quiet: Path, words: list[str]) -> None:
    """Standard output is empty, so that cron's mail is one line; the log has the rest."""
    result = dora(quiet, *words, "--quiet")
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (0, "", 1)
    assert re.search(r"[1-9]\d* documents" if words[0] == "ingest" else r"[1-9]\d* checks", result.stderr)
    log = read_logs(quiet)[-1]
    assert (log[0]["event"], log[-1]["event"], log[-1]["exit_code"]) == ("run started", "run ended", 0)


def test_logs_are_bounded(quiet: Path) -> None:
    """The oldest are removed: by their number, and by their size, but never that of this run."""
    for _ in range(3):
        assert dora(quiet, "ingest", "files", "--quiet").returncode == 0
    assert len(read_logs(quiet)) == 2
    ahead = quiet / "data" / "logs" / "29990101T000000000000-000000-nightly.jsonl"  # of a clock that went back
    ahead.write_text("{}\n")
    small = quiet / "small.toml"
    small.write_text(FILES + "[run]\nmax_log_mb = 0.0001\n")
    assert dora(quiet, "ingest", "files", "--quiet", "--config", small).returncode == 0
    (log,) = read_logs(quiet)
    assert log[-1]["event"] == "run ended"


def test_a_lock_is_said_once(quiet: Path) -> None:
    """Exit 75 and one line, however many sources there are; the log says so too."""
    (quiet / "two.toml").write_text(FILES + f'[sources.more]\ntype = "files"\npaths = ["{SAMPLES}/*.csv"]\n')
    (quiet / "data").mkdir(exist_ok=True)
    with (quiet / "data" / "landing.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        result = dora(quiet, "nightly", "--config", "two.toml")
    assert (result.returncode, result.stdout) == (75, "")
    assert len(result.stderr.splitlines()) == 1
    assert read_logs(quiet)[-1][-1]["exit_code"] == 75


def read_samples(path: Path) -> dict[str, float]:
    """The samples of a file for Prometheus."""
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_the_numbers_of_the_night_are_a_file_for_prometheus(broken: Path) -> None:
    """Failed sources have no rows and no success; a later failure keeps the last success of the file."""
    assert run(broken, "nightly").returncode == 3
    first = read_samples(broken / "night.prom")
    assert first["dora_night_exit_code"] == 3
    assert "dora_night_last_success_timestamp_seconds" not in first
    success = 'dora_night_source_last_success_timestamp_seconds{source="%s"}'
    assert first[success % "files"] == first["dora_night_last_end_timestamp_seconds"]
    assert success % "fetch" not in first
    assert first['dora_night_source_missing{source="files"}'] == 0
    assert first['dora_night_source_data_age_seconds{source="files"}'] > 0
    (broken / "gone.toml").write_text('data = "data"\n[sources.files]\npaths = ["gone.csv"]\n')
    failed = dora(broken, "nightly", "--config", "gone.toml", "--prometheus", "night.prom")
    assert failed.returncode == 3, failed.stderr
    second = read_samples(broken / "night.prom")
    assert second[success % "files"] == first[success % "files"]
    assert second["dora_night_last_end_timestamp_seconds"] > first["dora_night_last_end_timestamp_seconds"]
    assert (broken / "night.prom").stat().st_mode & 0o777 == 0o644
    assert list(broken.glob("*.part")) == []


def test_numbers_that_can_not_be_written_make_the_night_partial(quiet: Path) -> None:
    """The mail says so: exit 3, and the data of the night is built."""
    result = dora(quiet, "nightly", "--quiet", "--prometheus", quiet / "gone" / "night.prom")
    assert result.returncode == 3
    assert "night.prom cannot be written" in result.stderr


def test_the_help_of_nightly_lists_the_exit_codes(quiet: Path) -> None:
    """Whoever writes the crontab finds them where the command is explained."""
    text = " ".join(dora(quiet, "nightly", "--help").stdout.split())
    assert all(code in text for code in ("0 ok", "3 partial", "75 locked", "143"))


ZONES = ["UTC", "America/St_Johns", "Pacific/Chatham"]


def test_d11_the_numbers_are_the_same_in_any_time_zone(tmp_path: Path) -> None:
    """Ingested, built and shown where a day begins at another hour, with half hours and summer time."""
    shown = set()
    for zone in ZONES:
        folder = tmp_path / zone.replace("/", "-")
        (folder / "plugins").mkdir(parents=True)
        (folder / "dora.toml").write_text('timezone = "Europe/Berlin"\n' + FILES)
        assert run(folder, "nightly", TZ=zone).returncode == 0
        shown.add(run(folder, "show", "--every", "day", "--json", TZ=zone).stdout)
    assert len(shown) == 1
    assert json.loads(shown.pop())
