"""Real repositories over real HTTP: git's own server program, behind a password if one is set."""

from __future__ import annotations

import os
import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar


class Backend(BaseHTTPRequestHandler):
    """``git http-backend`` for the repositories under ``root``; ``before`` is called at each request."""

    root: ClassVar[Path]
    login: ClassVar[str]
    redirect: ClassVar[str]
    before: ClassVar[Callable[[Any], None]]

    def do_GET(self) -> None:
        type(self).before(self)
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length))
        if self.redirect:
            return self._reply(302, {"Location": f"{self.redirect}{self.path}"})
        if self.login and self.headers.get("Authorization") != f"Basic {b64encode(self.login.encode()).decode()}":
            return self._reply(401, {"WWW-Authenticate": 'Basic realm="git"'})
        process = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_LENGTH": length,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "HTTP_CONTENT_ENCODING": self.headers.get(
                    "Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
            },
        )  # fmt: skip
        head, _, body = process.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        return self._reply(int(headers.pop("Status", "200").split()[0]), headers, body)

    do_POST = do_GET  # noqa: N815

    def _reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve_git(
    root: Path, *, login: str = "", redirect: str = "", before: Callable[[Any], None] = lambda _: None,
    address: str = "127.0.0.1",
) -> Iterator[str]:  # fmt: skip
    """Serve the repositories under a folder to clients with the login ``user:password``; yield host and port."""
    attributes = {"root": root, "login": login, "redirect": redirect, "before": staticmethod(before)}
    server = ThreadingHTTPServer((address, 0), type("Served", (Backend,), attributes))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
