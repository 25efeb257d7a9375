"""The command ``dora``: every command in the order of its help, and what an error prints."""

from __future__ import annotations

import os
import sys

import typer

from dora.cli import audit, compare, dashboard, digest, lists, metrics
from dora.cli.runs import backup, nightly, pipeline, quarantine, signals
from dora.errors import DoraError
from dora.render import console
from dora.storage.sql_errors import explain_fault

app = typer.Typer(
    name="dora",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="DORA metrics from Spinnaker and git, with confidence intervals and the evidence behind every number.",
    epilog=(
        "Exit codes: 0 ok, 1 failed, 2 usage, 3 partial, 4 auth, 5 stale or failed check, 75 locked by another run,"
        " 129, 130 or 143 ended by a signal."
    ),
)
# Appended and not added by add_typer(): all commands are at the top level, in this order in the help.
for module in (pipeline, nightly, quarantine, backup, dashboard, digest, metrics, compare, lists, audit):
    app.registered_commands += module.app.registered_commands
app.registered_groups += metrics.app.registered_groups


def main() -> None:
    """Run a command; an error of ours or of the machine, or a signal, is one line and an exit code."""
    _open_standard_files()
    signals.install()
    error = _run()
    if error is None:
        return
    # Outside the block that caught it, because an error keeps alive what ends with it, such as an unfinished file.
    console.print_note(f"dora: {error}")
    if isinstance(error, signals.Interruption):
        sys.stdout.flush()
        os._exit(error.exit_code)  # threads that wait for a server would be taken down in the middle, with complaints
    sys.exit(error.exit_code)


def _open_standard_files() -> None:
    """Open what the caller closed, else the next file, such as landing.duckdb, takes its number and what is printed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        name = ("stdin", "stdout", "stderr")[number]
        setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w"))
    os.close(number)


def _run() -> DoraError | signals.Interruption | None:
    """Run the command; return the error that ended it, in our words. An error of the program is raised."""
    try:
        app()
    except (DoraError, signals.Interruption) as error:
        error.__traceback__ = error.__cause__ = error.__context__ = None
        return error
    except Exception as error:
        if explained := signals.interruption() or explain_fault(error):
            return explained
        raise
    return None
