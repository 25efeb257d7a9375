"""The help of ``dora``: commands in groups, a line each, in plain text that any terminal and pipe can show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

# `rich_help_panel` of a command: its group in the help.
START, INGEST, ASK, LISTS, SHARE, OPERATE = GROUPS = (
    "Start",
    "Ingest",
    "Ask",
    "Lists",
    "Share",
    "Operate",
)


PIPE_CLOSED = 128 + 13


class GroupedCommands(TyperGroup):
    """Commands whose help lists them by group."""

    def make_context(self, *words: Any, **extra: Any) -> Any:
        """Parse the words, which may print help."""
        with _end_with_reader():
            return super().make_context(*words, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _end_with_reader():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group, the commands in the order in which they are registered."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        width = formatter.width - 6 - max(len(name) for name, _ in commands)
        for group in GROUPS:
            rows = [
                (name, command.short_help or shorten(command.help or "", width))
                for name, command in commands
                if command is not None and not command.hidden and getattr(command, "rich_help_panel", None) == group
            ]
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)


@contextmanager
def _end_with_reader() -> Iterator[None]:
    """End as a shell counts SIGPIPE if the reader of standard output left, such as head; Typer would exit with 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise typer.Exit(PIPE_CLOSED) from error


def shorten(text: str, width: int) -> str:
    """Return the first sentence of a help text up to its colon; one that is too long ends before a comma."""
    sentence = re.split(r"(?<=\w[.!?:;])\s|\n\n", " ".join(text.partition("\n\n")[0].split()))[0].rstrip(".:;")
    while len(sentence) > width and "," in sentence:
        sentence = sentence.rpartition(",")[0]
    return sentence
