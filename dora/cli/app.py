"""The command ``dora``: every command in the order of its help, and what an error prints."""

from __future__ import annotations

import sys

import typer

from dora.cli import audit, compare, dashboard, lists, metrics, pipeline, quarantine
from dora.errors import DoraError
from dora.render import console

app = typer.Typer(
    name="dora",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="DORA metrics from Spinnaker and git, with confidence intervals and the evidence behind every number.",
    epilog="Exit codes: 0 ok, 1 failed, 2 usage, 3 partial, 4 auth, 5 stale or failed check, 75 locked by another run.",
)
# Appended and not added by add_typer(): all commands are at the top level, in this order in the help.
for module in (pipeline, quarantine, dashboard, metrics, compare, lists, audit):
    app.registered_commands += module.app.registered_commands
app.registered_groups += metrics.app.registered_groups


def main() -> None:
    """Run a command; a ``DoraError`` is one line on standard error and its exit code."""
    try:
        app()
    except DoraError as error:
        console.print_note(f"dora: {error}")
        sys.exit(error.exit_code)
