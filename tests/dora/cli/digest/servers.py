"""Servers on loopback that take digests: a chat service over HTTP, and a mail server."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

OK = (200, {"Content-Type": "text/plain"}, b"ok")
HANG_UP = (0, {}, b"")
Reply = tuple[int, dict[str, str], bytes]


class Post(NamedTuple):
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: value for name, (value,) in parse_qs(self.body.decode(), strict_parsing=True).items()}


@dataclass
class Chat:
    """What arrived, and the replies to the next requests; then each is answered with ``usual``."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    usual: Callable[[Post], Reply] = lambda _: OK


@contextmanager
def serve_chat(tls: ssl.SSLContext | None = None) -> Iterator[Chat]:
    chat = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            post = Post(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            chat.posts.append(post)
            status, headers, reply = chat.replies.pop(0) if chat.replies else chat.usual(post)
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(reply))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    chat.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()


class MailServer(Controller):
    """A server on a free port."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass
class Mailbox:
    """The mails that a server accepted with their recipients, and whom or what it refuses.

    ``on_data`` are replies to the next mails; a reply that is null ends the connection after the content.
    """

    port: int = 0
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    on_data: list[str | None] = field(default_factory=list)
    password: bytes = b""

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        reply = self.on_data.pop(0) if self.on_data else "250 OK"
        if reply is None:
            server.transport.abort()
            return "250 OK"
        if reply.startswith("250"):
            content = envelope.original_content or b""
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append((list(envelope.rcpt_tos), mail))
            self.encrypted.append(session.ssl is not None)
        return reply

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == self.password, handled=False)


@contextmanager
def serve_mail(tls: ssl.SSLContext | None = None, *, password: str = "") -> Iterator[Mailbox]:
    """Serve a mailbox; with a context by STARTTLS, with a password for logins alone."""
    box = Mailbox(password=password.encode())
    login: dict[str, Any] = {"authenticator": box.authenticate, "auth_required": True} if password else {}
    controller = MailServer(
        box, hostname="127.0.0.1", port=0, tls_context=tls, require_starttls=tls is not None, **login
    )
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()
