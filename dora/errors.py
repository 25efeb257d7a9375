"""The error tree. Every message says what happened, to which data, and what to do next.

DoraError                 exit 1   something failed; data is as it was
├── UsageError            exit 2   the command or a configuration file asks for something that does not exist
├── PartialError          exit 3   some of it worked and is kept; the rest is listed
├── AuthError             exit 4   a server rejected the credentials or hides data from them
├── StaleError            exit 5   the data is older than allowed, or a check found wrong rows
│   └── UnusableError     exit 5   a data file is damaged or of an older version; it can be made again
└── LockedError           exit 75  another run is writing; nothing was touched
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_NAMES = 20  # of a list in a message


def counted(number: int, thing: str, things: str = "") -> str:
    """Format a number with its noun: ``1 part``, ``1,200 parts``; ``things`` is an irregular plural."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def suggest(name: str, names: Iterable[str]) -> str:
    """Return the next step for a name that does not exist: the nearest of ``names`` in any case, else all of them.

    The nearest are those with a few other letters, that contain it, or of which it is the initials.
    """
    import difflib  # noqa: PLC0415 - which only an error needs

    by_key = {_key(existing): existing for existing in sorted(set(names))}
    key = _key(name)
    near = difflib.get_close_matches(key, by_key, 1, 0.85) or difflib.get_close_matches(key, by_key, 3)
    near = near or [other for other in by_key if key and (key in other or key == _initials(other))][:3]
    if near:
        return f"did you mean {' or '.join(by_key[other] for other in near)}?"
    rest = f" and {len(by_key) - MAX_NAMES:,} more" if len(by_key) > MAX_NAMES else ""
    return f"use one of {', '.join([*by_key.values()][:MAX_NAMES])}{rest}." if by_key else "there is none yet."


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _initials(key: str) -> str:
    return "".join(word[:1] for word in key.split("_"))


def install_extra(extra: str) -> str:
    """Return how to install an extra: from the file of the wheel or a checkout, as no public index has our name."""
    from importlib.metadata import version  # noqa: PLC0415 - which only an error needs

    wheel = f"delivery_metrics-{version('delivery-metrics')}-py3-none-any.whl"
    return (
        f"run pip install './{wheel}[{extra}]' with the file of the wheel, or pip install '.[{extra}]' in a checkout."
    )


class DoraError(Exception):
    """Something failed; the data is as it was before.

    ``happened`` says what happened to which data, ``next_step`` what to run or change.
    """

    exit_code = 1

    def __init__(self, happened: str, next_step: str = "") -> None:
        self.happened, self.next_step = happened, next_step
        super().__init__(f"{happened} Next: {next_step}" if next_step else happened)


class UsageError(DoraError):
    """The command line or a configuration file asks for something that does not exist."""

    exit_code = 2


class PartialError(DoraError):
    """Some of the work is done and kept; what is missing is listed."""

    exit_code = 3


class AuthError(DoraError):
    """A server rejected the credentials, or hides data from them."""

    exit_code = 4


class StaleError(DoraError):
    """The data is older than allowed, or a check found wrong rows."""

    exit_code = 5


class UnusableError(StaleError):
    """A data file is missing, damaged or of an older version, and can be made again from what it was made from."""


class LockedError(DoraError):
    """Another run holds the lock; nothing was touched."""

    exit_code = 75
