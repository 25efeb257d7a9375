"""Commands about the command line itself: completion; and what completes the names in it."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from dora.cli.help import START

PROGRAM = "dora"
COMPLETE = "_DORA_COMPLETE"  # a shell sets it when it asks for completions
app = typer.Typer()


class Shell(StrEnum):
    """The shells whose completion there is."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


@app.command(rich_help_panel=START, short_help="Print the completion script of bash, zsh or fish")
def completion(
    context: typer.Context, shell: Annotated[Shell, typer.Argument(help="Whose script: bash, zsh or fish.")]
) -> None:
    """Print the completion script of a shell: commands, options, metrics, teams and applications.

    Write it where the shell reads it: eval "$(dora completion bash)" in ~/.bashrc, eval "$(dora completion zsh)" in
    ~/.zshrc after compinit, or dora completion fish > ~/.config/fish/completions/dora.fish.

    Example: eval "$(dora completion bash)"
    """
    from typer.completion import shell_complete

    _register_shells()
    shell_complete(context.find_root().command, {}, PROGRAM, COMPLETE, f"source_{shell.value}")


def prepare_completion() -> None:
    """Register the shells of Typer if a shell asks for completions; any other start does not need them."""
    if COMPLETE in os.environ:
        _register_shells()


def _register_shells() -> None:
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()  # Typer's public function that also registers its shells


def complete_metric(ctx: Any, words: list[str], incomplete: str) -> list[tuple[str, str]]:
    """Return the metrics that begin so, with their titles."""
    from dora.sql.catalog import metrics

    return [(name, metric.title) for name, metric in metrics().items() if name.startswith(incomplete)]


def complete_team(ctx: Any, words: list[str], incomplete: str) -> list[str]:
    """Return the teams of the build that begin so."""
    return _read_names("SELECT DISTINCT team FROM memberships WHERE team IS NOT NULL ORDER BY team", incomplete)


def complete_application(ctx: Any, words: list[str], incomplete: str) -> list[str]:
    """Return the applications of the build that begin so."""
    return _read_names("SELECT DISTINCT application FROM memberships ORDER BY application", incomplete)


def _read_names(sql: str, beginning: str) -> list[str]:
    """Return names from the build of the settings in force; none if there is no build that can be read."""
    from dora import api
    from dora.config.settings import read
    from dora.errors import DoraError

    try:
        path: Path = read(None).data / "dora.duckdb"
        (*names,) = (next(iter(row.values())) for row in api.open(path).sql(sql))
    except DoraError:
        return []
    return [name for name in names if name.startswith(beginning)]
