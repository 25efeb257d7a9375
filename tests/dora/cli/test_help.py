"""The command line as a frame: help, groups, completion, names that do not exist, narrow terminals, closed pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dora.cli.app import app
from dora.cli.help import GROUPS, shorten
from dora.cli.metrics import order_failures_first
from dora.errors import UsageError
from dora.render.console import fit_columns
from dora.sql.catalog import metrics


def run(*words: str, **variables: str) -> str:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "80", **variables})
    assert result.exit_code == 0, result.output
    return result.output


def test_every_command_is_in_one_group() -> None:
    """The help lists each command once, in the section of its group, in at most 80 columns."""
    text = run("-h")
    assert text == run("--help")
    command = typer.main.get_command(app)
    for name in command.commands:  # type: ignore[attr-defined]
        assert getattr(command.commands[name], "rich_help_panel", None) in GROUPS, name  # type: ignore[attr-defined]
        assert sum(line.split()[:1] == [name] for line in text.splitlines()) == 1, name
    assert all(f"{group}:" in text for group in GROUPS)
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.replace("[ARGS]...", "")


def test_brackets_are_printed_as_they_are_written() -> None:
    """No markup eats [required] or a table of dora.toml, in any command's help."""
    assert "[required]" in run("report", "-h")
    assert "[run]" in run("nightly", "-h")


def test_a_help_line_is_a_sentence_or_the_part_before_a_colon() -> None:
    """Nothing is cut in the middle of a word."""
    assert shorten("Do it: this, that.\n\nMore.", 70) == "Do it"
    assert shorten("Do this. And that.", 70) == "Do this"
    assert shorten("Do this, that and more", 10) == "Do this"


def test_the_version_is_printed() -> None:
    """One line, for scripts."""
    from importlib.metadata import version

    assert run("--version") == f"dora {version('delivery-metrics')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    """The script names the program and the variable that the program understands."""
    text = run("completion", shell)
    assert "dora" in text
    assert f"_DORA_COMPLETE=complete_{shell}" in text


def test_bash_completes_metrics() -> None:
    """A metric by its beginning, in the process that a shell starts."""
    variables = {**os.environ, "_DORA_COMPLETE": "complete_bash", "COMP_WORDS": "dora show lead", "COMP_CWORD": "2"}
    command = [sys.executable, "-m", "dora"]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["lead_time"], result.stderr


def test_metrics_are_listed_with_their_questions() -> None:
    """Every metric once."""
    text = run("metrics", "--csv")
    assert all(f'"{name}","{metric.question}"' in text for name, metric in metrics().items())


def test_a_narrow_terminal_has_the_first_columns() -> None:
    """Columns that do not fit are left out, those to come first before others; their order stays."""
    cells = {"id": ["id", "x" * 30], "text": ["text", "some words that can be folded"], "at": ["at", "2026-01-01"]}
    assert fit_columns(cells, 200) == ["id", "text", "at"]
    assert fit_columns(cells, 45, first=["at", "id"]) == ["id", "at"]
    assert fit_columns(cells, 34, first=["text"]) == ["text", "at"]


def test_failures_come_first_or_alone() -> None:
    """Of a share that should be low the ones, of one that should be high the zeros; of a duration there are none."""
    rows = [
        {"n": number, "value": value, "excluded": excluded, "pending": False}
        for number, (value, excluded) in enumerate([(0.0, None), (1.0, None), (1.0, "rollback"), (1.0, None)])
    ]
    failed = order_failures_first("change_failure_rate", rows, only=True)
    assert [row["n"] for row in failed] == [1, 3]
    assert [row["n"] for row in order_failures_first("change_failure_rate", rows, only=False)] == [1, 3, 0, 2]
    assert [row["n"] for row in order_failures_first("canary_pass_rate", rows, only=True)] == [0]
    assert order_failures_first("lead_time", rows, only=False) == rows
    with pytest.raises(UsageError, match="change_failure_rate"):
        order_failures_first("lead_time", rows, only=True)


@pytest.mark.parametrize("words", ["-h", "metrics", "metrics --json", "config show"])
def test_a_closed_pipe_is_no_error(words: str, tmp_path: Path) -> None:
    """The reader leaves before the first line: exit 0 or 141, and nothing on standard error."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "dora", *words.split()]
    result = subprocess.run(command, cwd=tmp_path, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert result.returncode in (0, 141)
    assert result.stderr == ""
