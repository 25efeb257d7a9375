"""A viewer without a browser: the cookies of a login, and the web socket through which a page arrives."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import OctKey
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

MAX_MESSAGE = 64 << 20
TIMEOUT = 120


class Viewer:
    """One person at the dashboard of an address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = requests.Session()
        self.session_id, self.elements = "", b""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the dashboard."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def start_login(self, cookie_secret: str, **parameters: str) -> str:
        """Request a login, as the button does; return where the provider sends the browser back to."""
        token = jwt.encode(
            {"alg": "HS256"},
            {"provider": "default", "exp": int(time.time()) + 120},
            OctKey.import_key(cookie_secret),
        )
        reply = self.get("/auth/login", provider=token, **parameters)
        assert reply.status_code == 302, reply.text
        return self.http.get(reply.headers["Location"], allow_redirects=False, timeout=TIMEOUT).headers["Location"]

    def get(self, path: str, **parameters: str) -> requests.Response:
        """Request a path of the dashboard, without following a redirect."""
        return self.http.get(f"{self.address}{path}", params=parameters, allow_redirects=False, timeout=TIMEOUT)

    def follow(self, url: str) -> requests.Response:
        """Open the address at which the provider sends the browser back."""
        return self.http.get(url, allow_redirects=False, timeout=TIMEOUT)

    def is_logged_in(self) -> bool:
        """Whether the dashboard has given the browser the cookie of a user."""
        return bool(self.http.cookies.get("_streamlit_user"))

    def read_page(self, page: str = "", query: str = "", existing_session: str = "") -> bytes:
        """Run a page and return everything that comes through its socket."""
        self.get("/_stcore/health")  # sets the cookie of the token against forged requests
        token = self.http.cookies.get("_streamlit_xsrf", "")
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies)
        protocols: Any = ["streamlit", token, *([existing_session] if existing_session else [])]
        url = f"{self.address.replace('http', 'ws', 1)}/_stcore/stream"
        received, self.elements = [], b""
        with connect(
            url, origin=self.origin, subprotocols=protocols, additional_headers={"Cookie": cookies},
            max_size=MAX_MESSAGE, open_timeout=TIMEOUT,
        ) as socket:  # fmt: skip
            socket.send(BackMsg(rerun_script=ClientState(query_string=query, page_name=page)).SerializeToString())
            while True:
                data = socket.recv(timeout=TIMEOUT)
                received.append(data)
                message = ForwardMsg.FromString(data)
                if message.WhichOneof("type") == "new_session":
                    self.session_id = message.new_session.initialize.session_id
                if message.WhichOneof("type") == "delta":  # the rest is about the session, such as the script's path
                    self.elements += data
                if message.WhichOneof("type") == "script_finished":
                    return b"".join(received)
