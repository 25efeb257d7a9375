"""``python -m dora.cli.reference > docs/cli.md`` writes the help of every command as one page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from dora.cli.app import app
from dora.cli.help import GROUPS

WIDTH = 100
ABOUT = (
    "The help of every command, as `dora COMMAND --help` prints it. Data goes to standard output, messages to standard"
    " error; [exit codes](operations.md#exit-codes) say what happened."
)


def to_markdown() -> str:
    """Return docs/cli.md: the commands in the groups of the help."""
    root: Any = typer.main.get_command(app)
    context = root.make_context("dora", [], resilient_parsing=True, terminal_width=WIDTH)
    lines = ["# Commands", "", ABOUT]
    for group in GROUPS:
        lines += ["", f"## {group}"]
        for name, command in root.commands.items():
            if not command.hidden and command.rich_help_panel == group:
                for path, text in _list_help(f"dora {name}", command, context):
                    lines += ["", f"### {path}", "", "```text", text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _list_help(path: str, command: Any, parent: Any) -> Iterator[tuple[str, str]]:
    """Yield the help of a command and of the commands below it."""
    context = type(parent)(command, info_name=path.rpartition(" ")[2], parent=parent, terminal_width=WIDTH)
    yield path, command.get_help(context)
    for name, below in getattr(command, "commands", {}).items():
        yield from _list_help(f"{path} {name}", below, context)


if __name__ == "__main__":
    print(to_markdown(), end="")
