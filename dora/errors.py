"""The error tree. Every message says what happened to the data and what to run next.

DoraError                 exit 1   something failed; data is as it was
├── UsageError            exit 2   the command or a configuration file asks for something that does not exist
├── PartialError          exit 3   some of it worked and is kept; the rest is named
├── AuthError             exit 4   a server does not know us, or hides things from us
├── StaleError            exit 5   the data is older than promised, or a check found wrong rows
└── LockedError           exit 75  another run is writing; nothing was touched
"""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """How many there are, in the words of a message: ``1 part``, ``1,200 parts``."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


class DoraError(Exception):
    """Something failed; the data is as it was before.

    ``happened`` says what happened to the data, ``next_step`` what to run or change next.
    """

    exit_code = 1

    def __init__(self, happened: str, next_step: str = "") -> None:
        self.happened, self.next_step = happened, next_step
        super().__init__(f"{happened} Next: {next_step}" if next_step else happened)


class UsageError(DoraError):
    """The command line or a configuration file asks for something that does not exist."""

    exit_code = 2


class PartialError(DoraError):
    """Some of the work is done and kept; what is missing is named."""

    exit_code = 3


class AuthError(DoraError):
    """A server does not know us, or refuses what was asked."""

    exit_code = 4


class StaleError(DoraError):
    """The data is older than promised, or a check found rows that are wrong."""

    exit_code = 5


class LockedError(DoraError):
    """Another run holds the lock; nothing was touched."""

    exit_code = 75
