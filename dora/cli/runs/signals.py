"""End a command cleanly when a signal asks for it: what was committed is kept, what was begun is removed."""

from __future__ import annotations

import signal
from types import FrameType

# Of a service manager, of a terminal that is closed, of Ctrl-C.
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_received: list[signal.Signals] = []


class Interruption(BaseException):
    """A signal ends the command. No ``Exception``: what survives any error must not survive this."""

    def __init__(self, number: signal.Signals) -> None:
        self.exit_code = 128 + number  # as a shell counts
        super().__init__(f"{number.name} ended the command. What was committed is kept. Next: repeat the command.")


def install() -> None:
    """Let the signals that end a command raise ``Interruption``; one that is ignored (nohup) stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def interruption() -> Interruption | None:
    """Return the signal that came, if one did: DuckDB ends a query then, and raises an error of its own."""
    return Interruption(_received[0]) if _received else None


def _interrupt(number: int, _: FrameType | None) -> None:
    for other in SIGNALS:  # what cleans up is not interrupted in turn
        signal.signal(other, signal.SIG_IGN)
    _received.append(signal.Signals(number))
    raise Interruption(_received[0])
