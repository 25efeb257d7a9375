"""Run git with fixed arguments, a clean environment, a timeout and a limit on its output."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import cast

from dora.errors import DoraError
from ingest.git.settings import without_userinfo

MAX_OUTPUT = 1 << 28  # bytes of one command that is read as a whole; a list of a million ids has 41 MB
MAX_RECORD = 1 << 24
MAX_STDERR = 1 << 14
CHUNK = 1 << 18
PIPE = 1 << 20  # git writes this far ahead while the last chunk is parsed
_INHERITED = ("PATH", "HOME", "USER", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO",
              "SSL_CERT_FILE", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy",
              "ALL_PROXY")  # fmt: skip
_ERRORS = ("remote: error", "remote: fatal", "fatal:", "error:", "ERROR:", "warning: rejected")
# Git must not run a program that another user can name: hooks, aliases and helpers of a copied repository.
_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "protocol.ext.allow": "never",
    "fetch.writeCommitGraph": "true",
    # Git writes a pack to disk before it names it, but not single objects, of which it would gather thousands of files.
    "fetch.unpackLimit": "1",
    "commitGraph.generationVersion": "1",  # git 2.39 loops forever on version 2 if a commit date overflows
    "gc.pruneExpire": "never",
    "gc.autoDetach": "false",
}
# The complete config file of a full and of a partial clone. A mirror's own file is reset to one of them.
_FULL_CLONE = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
_PARTIAL_CLONE = (
    "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tpartialclone = origin\n"
    '[remote "origin"]\n\tpromisor = true\n\tpartialclonefilter = blob:none\n'
)


class CommandError(DoraError):
    """A command ended, and said that it failed."""


class BareRepository:
    """A bare repository on disk, and git commands that run in it.

    ``protocol`` is the only one that git may use, ``timeout`` the seconds that one command may take. ``config`` and
    ``secrets`` are passed in environment variables, because other users can see the command line.
    """

    def __init__(
        self, path: Path, protocol: str, timeout: float,
        config: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.path, self.protocol, self.timeout = path, protocol, timeout
        self.config, self.secrets = {**_CONFIG, **(config or {})}, secrets or {}

    def run(self, *arguments: str, stdin: Iterable[str] = ()) -> bytes:
        """Return all output of a command; raises ``DoraError`` if it fails, times out or prints too much."""
        with self._start(arguments, stdin) as stdout:
            output = stdout.read(MAX_OUTPUT + 1)
            if len(output) > MAX_OUTPUT:
                raise DoraError(f"git {arguments[0]} printed more than {MAX_OUTPUT} bytes.")
            return output

    def stream_records(self, *arguments: str, stdin: Iterable[str] = (), end: str = "\0") -> Generator[str]:
        """Yield the output of a command split at each ``end``; raises as ``run``."""
        with closing(self.stream_blocks(*arguments, stdin=stdin, end=end)) as blocks:
            for block in blocks:
                yield from block

    def stream_blocks(self, *arguments: str, stdin: Iterable[str] = (), end: str = "\0") -> Generator[list[str]]:
        """Yield the records of a command in blocks of some hundreds; raises as ``run``.

        Invalid UTF-8 is replaced after the output is split, so that it changes only its own record.
        """
        rest, separator = b"", end.encode()
        with self._start(arguments, stdin) as stdout:
            while chunk := stdout.read(CHUNK):
                records, complete, rest = (rest + chunk).rpartition(separator)
                if complete:
                    yield records.decode("utf-8", "replace").split(end)
                if len(rest) > MAX_RECORD:
                    raise DoraError(f"git {arguments[0]} printed a record of more than {MAX_RECORD} bytes.")

    @contextmanager
    def _start(self, arguments: tuple[str, ...], stdin: Iterable[str]) -> Iterator[BufferedReader]:
        """Start a command and give its output; kill it and its children at the timeout or when the caller leaves."""
        self._reset_config()
        # A file and not a pipe: git may print before it has read everything, and both sides would wait.
        with tempfile.TemporaryFile() as input_file:
            input_file.writelines(f"{line}\n".encode() for line in stdin)
            input_file.seek(0)
            process = subprocess.Popen(
                ["git", *arguments],
                stdin=input_file, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        stdout, stderr = cast(BufferedReader, process.stdout), _StderrReader(cast(BufferedReader, process.stderr))
        # Only Linux knows F_SETPIPE_SZ, and a user's pipes together may reach /proc/sys/fs/pipe-user-pages-soft.
        with suppress(OSError, AttributeError):
            fcntl.fcntl(stdout, fcntl.F_SETPIPE_SZ, PIPE)
        timed_out = threading.Event()

        def expire() -> None:
            timed_out.set()
            _kill(process)

        timer = threading.Timer(self.timeout, expire)
        timer.start()
        try:
            yield stdout
            process.wait()
        finally:
            timer.cancel()
            timer.join()
            _kill(process)
            stdout.close()
            errors = stderr.summarise()
        if timed_out.is_set():
            raise DoraError(f"git {arguments[0]} did not end within {self.timeout:g} s.", "raise `timeout_seconds`.")
        if process.returncode or "warning: rejected" in errors:  # git only warns if it rejects a shallow history
            raise CommandError(f"git {arguments[0]} failed: {errors or f'exit code {process.returncode}'}.")

    def _reset_config(self) -> None:
        """Replace the mirror's config file, so that git uses no setting that another user wrote into it."""
        config_file, temporary_file = self.path / "config", self.path / "config.dora"
        if not config_file.exists():
            return
        current = config_file.read_text("utf-8", "replace")
        expected = _PARTIAL_CLONE if "partialclone" in current.lower() else _FULL_CLONE
        if current != expected:
            temporary_file.write_text(expected)
            temporary_file.replace(config_file)

    def _environment(self) -> dict[str, str]:
        keys = {f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(self.config)}
        values = {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(self.config.values())}
        return {
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            **keys,
            **values,
            **self.secrets,
            "GIT_CONFIG_COUNT": str(len(self.config)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": self.protocol,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_DIR": str(self.path),
            "GIT_FLUSH": "0",  # git flushes a pipe after each commit otherwise
            "LC_ALL": "C",  # _ERRORS are English
        }


class _StderrReader:
    """Reads the error stream of a command to its end, and keeps the last ``MAX_STDERR`` bytes."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream, self._tail = stream, b""
        # Git blocks on a full stderr pipe, so that a thread reads it while the caller reads stdout.
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while chunk := self._stream.read(CHUNK):
            self._tail = (self._tail + chunk)[-MAX_STDERR:]

    def summarise(self) -> str:
        """Return the error lines, else the last line, without credentials and control characters."""
        self._thread.join()
        self._stream.close()
        lines = self._tail.decode("utf-8", "replace").splitlines()
        errors = [line for line in lines if line.startswith(_ERRORS)] or lines[-1:]
        text = "".join(c if c.isprintable() else " " for c in "; ".join(line.strip() for line in errors[:4]))
        return without_userinfo(text).strip(". ")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
