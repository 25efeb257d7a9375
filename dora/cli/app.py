"""The command ``dora``: every command in the order of its help, and what an error prints."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from dora.cli import audit, compare, dashboard, digest, lists, metrics, publish, shell
from dora.cli.help import PIPE_CLOSED, GroupedCommands
from dora.cli.runs import backup, nightly, pipeline, quarantine, signals
from dora.cli.setup import init
from dora.errors import DoraError
from dora.render import console
from dora.storage.sql_errors import explain_fault

app = typer.Typer(
    name="dora",
    cls=GroupedCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its boxes need colours and 80 columns, and its markup eats [dashboard]
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="DORA metrics from Spinnaker and git, with confidence intervals and the evidence behind every number.",
    epilog=(
        "Exit codes: 0 ok, 1 failed, 2 usage, 3 partial, 4 auth, 5 stale or failed check, 75 locked by another run,"
        " 129, 130 or 143 ended by a signal."
    ),
)
# Appended and not added by add_typer(): all commands are at the top level, in this order in the help.
for module in (init, dashboard, shell, pipeline, nightly, quarantine, metrics, compare, lists, audit, digest, backup):
    app.registered_commands += module.app.registered_commands
app.registered_groups += metrics.app.registered_groups + publish.app.registered_groups


def _print_version(value: bool) -> None:
    if value:
        print(f"dora {version('delivery-metrics')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; an error of ours or of the machine, or a signal, is one line and an exit code."""
    _open_standard_files()
    # NumPy's library for matrices starts a thread for each processor, for matrices that no command has.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signals.install()
    shell.prepare_completion()
    try:
        error = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_pipe()
    if error is None:
        return
    # Outside the block that caught it, because an error keeps alive what ends with it, such as an unfinished file.
    console.print_note(f"dora: {error}")
    if isinstance(error, signals.Interruption):
        sys.stdout.flush()
        os._exit(error.exit_code)  # threads that wait for a server would be taken down in the middle, with complaints
    sys.exit(error.exit_code)


def _leave_pipe() -> NoReturn:
    """End as a shell's own tools do if the reader of standard output left, such as head: 141, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered has no reader
    sys.exit(PIPE_CLOSED)


def _open_standard_files() -> None:
    """Open what the caller closed, else the next file, such as landing.duckdb, takes its number and what is printed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        name = ("stdin", "stdout", "stderr")[number]
        setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w"))
    os.close(number)


def _run() -> DoraError | signals.Interruption | None:
    """Run the command; return the error that ended it, in our words. An error of the program is raised."""
    try:
        app(prog_name=shell.PROGRAM)
    except SystemExit:
        sys.stdout.flush()
        raise
    except BrokenPipeError:
        raise
    except (DoraError, signals.Interruption) as error:
        error.__traceback__ = error.__cause__ = error.__context__ = None
        return error
    except Exception as error:
        if explained := signals.interruption() or explain_fault(error):
            return explained
        raise
    return None
