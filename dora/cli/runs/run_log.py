"""One run of a command that writes: its log, its private files, enough disk, and what an error becomes.

A log is a file of JSON lines in data/logs: ``at`` (UTC), ``run`` (its id), ``event``, and what belongs to the event.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from dora.cli.runs.signals import Interruption, interruption
from dora.config.run import RunSettings, read_run_settings
from dora.config.settings import Config
from dora.errors import DoraError
from dora.render import console
from dora.storage.disk import require_space
from dora.storage.permissions import private_files
from dora.storage.sql_errors import explain_fault

MAX_ITEMS = 1000  # of a list in a line: a log is bounded too
MAX_TEXT = 300  # characters of an error of the program, on standard error


class RunLog:
    """The log of one run, in a file of its own. A log that can not be written is said once and ends no run."""

    def __init__(self, data: Path, command: str) -> None:
        self.started_at, self._start = datetime.now(UTC), monotonic()
        self.id = f"{self.started_at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        self.path, self._fails = data / "logs" / f"{self.id}-{command}.jsonl", False

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return round(monotonic() - self._start, 3)

    def write(self, event: str, **fields: Any) -> None:
        """Append a line."""
        bounded = {name: v[:MAX_ITEMS] if isinstance(v, list) else v for name, v in fields.items()}
        line = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", "run": self.id, "event": event, **bounded}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        except OSError as error:
            if not self._fails:
                console.print_note(f"The log {self.path} can not be written ({error.strerror}); the run continues.")
            self._fails = True

    def explain(self, error: BaseException) -> DoraError | Interruption:
        """Return an error in our words, or the signal behind it; a traceback of the program goes to the log."""
        if known := interruption() or explain_fault(error):
            return known
        self.write("error", error=type(error).__name__, traceback=traceback.format_exception(error))
        text = " ".join(str(error).split())[:MAX_TEXT]
        return DoraError(
            f"{type(error).__name__}: {text}. What was committed is kept.",
            f"report it with the traceback in {self.path}: it is an error of this program.",
        )


@contextlib.contextmanager
def record_run(settings: Config, command: str) -> Iterator[RunLog]:
    """Run a block that writes to the data folder; raises ``DoraError``, or ``Interruption`` for a signal."""
    own, code = read_run_settings(settings.run), 0
    log = RunLog(settings.data, command)
    with private_files(settings.data, group_readable=own.group_readable):
        try:
            log.write("run started", command=command)
            require_space(settings.data)
            yield log
        except (Exception, Interruption) as error:
            explained = log.explain(error)
            code = explained.exit_code
            log.write("run failed", message=str(explained))
            if explained is error:
                raise
            raise explained from error
        finally:
            log.write("run ended", exit_code=code, seconds=log.seconds)
            _prune(log.path, own)


def _prune(newest: Path, settings: RunSettings) -> None:
    """Remove the oldest logs that are more than the settings allow, never that of this run; names begin with a time."""
    others = sorted((path for path in newest.parent.glob("*.jsonl") if path != newest), reverse=True)
    size = 0.0
    for number, path in enumerate([newest, *others]):
        with contextlib.suppress(OSError):  # another run may prune as well
            size += path.stat().st_size
            if number and (number >= settings.keep_logs or size > settings.max_log_mb * 1e6):
                path.unlink()
