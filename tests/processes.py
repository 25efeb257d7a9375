"""``dora`` in processes of its own, each a fork of one that has imported what commands import: that takes 0.4 s."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

SERVER = """
import json, os, signal, sys, traceback
import pyarrow, rich.markdown, rich.table
from dora.__main__ import main
import dora.build.run, dora.api, ingest.doctor.run, ingest.core.pipeline
from ingest import sources
sources()
for line in sys.stdin:
    command = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()  # git and its like are in groups of their own as well
        signal.alarm(120)
        os.chdir(command["folder"])
        os.environ.clear()
        os.environ.update(command["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, path in enumerate(command["streams"], 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        sys.argv = ["dora", *command["words"]]
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)  # to take the interpreter down takes as long as a short command
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class ForkServer:
    """A process that has imported everything; ``environment`` is added to that of this process."""

    def __init__(self, **environment: str) -> None:
        command, pipe = [sys.executable, "-c", SERVER], subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, **environment})

    def run(
        self, folder: Path, words: Iterable[object], during: Callable[[int], None], **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder; ``during`` is called with the id of its process, which may have ended."""
        server, inherited = self.process, {name: value for name, value in os.environ.items() if name != "DORA_CONFIG"}
        assert server.stdin is not None
        assert server.stdout is not None
        arguments = [str(word) for word in words]
        with tempfile.TemporaryDirectory() as aside:
            streams = [Path(aside) / name for name in ("out", "err")]
            command = {"folder": str(folder), "environment": inherited | environment, "words": arguments}
            server.stdin.write(json.dumps({**command, "streams": [str(path) for path in streams]}) + "\n")
            server.stdin.flush()
            during(int(server.stdout.readline()))
            code = int(server.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, *(path.read_text() for path in streams))

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


_server = cache(ForkServer)


def dora(folder: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as a shell would."""
    return dora_while(folder, words, lambda _: None, **environment)


def dora_while(
    folder: Path, words: Iterable[object], during: Callable[[int], None], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; ``during`` is called with the id of its process, which may have ended."""
    return _server().run(folder, words, during, **environment)
