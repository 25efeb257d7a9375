"""One way to run git: fixed arguments, a clean environment, a deadline, a cap on what it may say."""

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

MAX_OUTPUT = 1 << 28
MAX_RECORD = 1 << 24
MAX_COMPLAINT = 1 << 14
CHUNK = 1 << 18
PIPE = 1 << 20  # what git may print ahead while the last chunk is worked on
_KEPT = ("PATH", "HOME", "USER", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "SSL_CERT_FILE")
_ERRORS = ("remote: error", "remote: fatal", "fatal:", "error:", "ERROR:", "warning: rejected")
_PROXIES = ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY")
# No file that somebody else can write (hooks, aliases, helpers of a copied repository) is to be run.
_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "protocol.ext.allow": "never",
    "fetch.writeCommitGraph": "true",
    "commitGraph.generationVersion": "1",  # git 2.39 never ends writing version 2 over a date that overflows
    "gc.pruneExpire": "never",
    "gc.autoDetach": "false",
}


# What stands in a mirror's own file of settings and nothing else, so that nothing that was written there is honoured.
_OWN = {
    False: "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    True: "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tpartialclone = origin\n"
    '[remote "origin"]\n\tpromisor = true\n\tpartialclonefilter = blob:none\n',
}


class Repo:
    """A bare repository on disk, and git commands run in it.

    ``protocol`` is the only one that git may speak; ``config`` is passed out of sight of ``ps``.
    """

    def __init__(self, path: Path, protocol: str, timeout: float, config: Mapping[str, str] | None = None) -> None:
        self.path, self.protocol, self.timeout = path, protocol, timeout
        self.config = {**_CONFIG, **(config or {})}

    def run(self, *arguments: str, stdin: Iterable[str] = ()) -> bytes:
        """All that one command prints; raises ``DoraError`` where it fails, hangs or prints too much."""
        with self._started(arguments, stdin) as output:
            answer = output.read(MAX_OUTPUT + 1)
            if len(answer) > MAX_OUTPUT:
                raise DoraError(f"git {arguments[0]} printed more than {MAX_OUTPUT} bytes.")
            return answer

    def pieces(self, *arguments: str, stdin: Iterable[str] = (), end: str = "\0") -> Generator[str]:
        """What one command prints, as it comes, cut at each ``end``; raises as ``run``."""
        with closing(self.blocks(*arguments, stdin=stdin, end=end)) as blocks:
            for block in blocks:
                yield from block

    def blocks(self, *arguments: str, stdin: Iterable[str] = (), end: str = "\0") -> Generator[list[str]]:
        """The pieces of what one command prints, some hundreds at a time.

        Bytes that are no UTF-8 are replaced; as none of them can join two pieces, only their own piece suffers.
        """
        rest, mark = b"", end.encode()
        with self._started(arguments, stdin) as output:
            while chunk := output.read(CHUNK):
                whole, ended, rest = (rest + chunk).rpartition(mark)
                if ended:
                    yield whole.decode("utf-8", "replace").split(end)
                if len(rest) > MAX_RECORD:
                    raise DoraError(f"git {arguments[0]} printed a record of more than {MAX_RECORD} bytes.")

    @contextmanager
    def _started(self, arguments: tuple[str, ...], stdin: Iterable[str]) -> Iterator[BufferedReader]:
        """The running command's output; it ends with all its children at the deadline, or when nobody reads on."""
        self._own()
        with tempfile.TemporaryFile() as wanted:
            wanted.writelines(f"{line}\n".encode() for line in stdin)
            wanted.seek(0)
            process = subprocess.Popen(
                ["git", *arguments],
                stdin=wanted, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        with suppress(
            OSError, AttributeError
        ):  # not every system can, and there may be a limit to what all pipes of a user hold
            fcntl.fcntl(cast(BufferedReader, process.stdout), fcntl.F_SETPIPE_SZ, PIPE)
        output, complaint = cast(BufferedReader, process.stdout), _Complaint(cast(BufferedReader, process.stderr))
        expired = threading.Event()
        clock = threading.Timer(self.timeout, _expire, [process, expired])
        clock.start()
        try:
            yield output
            process.wait()
        finally:
            clock.cancel()
            clock.join()
            _end(process)
            output.close()
            said = complaint.text()
        if expired.is_set():
            raise DoraError(f"git {arguments[0]} did not end within {self.timeout:g} s.", "raise `timeout_seconds`.")
        if process.returncode or "warning: rejected" in said:  # of a shallow history git only warns
            raise DoraError(f"git {arguments[0]} failed: {said or f'exit code {process.returncode}'}.")

    def _own(self) -> None:
        """Put our settings in the place of those that a file holds, but for whether it is a partial clone."""
        file, ours = self.path / "config", self.path / "config.dora"
        if not file.exists():
            return
        told = file.read_text("utf-8", "replace")
        if told != (wanted := _OWN["partialclone" in told.lower()]):
            ours.write_text(wanted)
            ours.replace(file)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in (*_KEPT, *_PROXIES) if name in os.environ}
        config: dict[str, str] = {}
        for number, (key, value) in enumerate(self.config.items()):
            config |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return {
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
            **kept,
            **config,
            "GIT_CONFIG_COUNT": str(len(self.config)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": self.protocol,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_DIR": str(self.path),
            "GIT_FLUSH": "0",
            "LC_ALL": "C",
        }


class _Complaint:
    """What a command says on its error stream: drained to the end, kept to a limit."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream, self._kept = stream, b""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while chunk := self._stream.read(CHUNK):
            self._kept = (self._kept + chunk)[-MAX_COMPLAINT:]

    def text(self) -> str:
        """Its lines that name an error, else its last line, without credentials or control characters."""
        self._thread.join()
        self._stream.close()
        lines = self._kept.decode("utf-8", "replace").splitlines()
        named = [line for line in lines if line.startswith(_ERRORS)] or lines[-1:]
        text = "".join(c if c.isprintable() else " " for c in "; ".join(line.strip() for line in named[:4]))
        return without_userinfo(text).strip(". ")


def _expire(process: subprocess.Popen[bytes], expired: threading.Event) -> None:
    expired.set()
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
