"""A provider of identities (OpenID Connect) on loopback: discovery, authorize, token, keys, logout; for tests."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


class Provider(ThreadingHTTPServer):
    """Knows one client, and lets in whoever ``claims`` names, without a question."""

    daemon_threads = True

    def __init__(self, client: str, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client, self.secret = client, secret
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.address = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Provider:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        places = {"authorization": "authorize", "token": "token", "end_session": "logout"}
        return {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        } | {f"{name}_endpoint": f"{self.address}/{path}" for name, path in places.items()}

    @property
    def keys(self) -> dict[str, Any]:
        """The public key as JSON."""
        numbers = self.key.public_key().public_numbers()
        parts = {name: _url64(number.to_bytes(-(-number.bit_length() // 8))) for name, number in
                 (("n", numbers.n), ("e", numbers.e))}  # fmt: skip
        return {"keys": [{"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", **parts}]}

    def code(self, asked: dict[str, str]) -> str:
        """A code for what somebody asked to be let in to."""
        assert asked["client_id"] == self.client
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return code

    def token(self, given: dict[str, str]) -> dict[str, Any]:
        """What a code is worth, once, to the client that asked and can prove it."""
        asked = self.codes.pop(given["code"])
        assert given["redirect_uri"] == asked["redirect_uri"]
        assert _url64(hashlib.sha256(given["code_verifier"].encode()).digest()) == asked["code_challenge"]
        now = int(time.time())
        claims = {"iss": self.address, "aud": self.client, "iat": now, "exp": now + 600, "nonce": asked["nonce"]}
        return {"access_token": "none", "token_type": "Bearer", "id_token": self._signed(claims | self.claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        head = {"alg": "RS256", "kid": "one", "typ": "JWT"}
        body = f"{_url64(json.dumps(head).encode())}.{_url64(json.dumps(claims).encode())}"
        return f"{body}.{_url64(self.key.sign(body.encode(), padding.PKCS1v15(), SHA256()))}"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        self.server.asked.append(path)
        if path == "/.well-known/openid-configuration":
            self._json(self.server.metadata)
        elif path == "/keys":
            self._json(self.server.keys)
        elif path == "/authorize":
            back = urlencode({"code": self.server.code(asked), "state": asked["state"]})
            self._redirect(f"{asked['redirect_uri']}?{back}")
        elif path == "/logout":
            self._redirect(asked["post_logout_redirect_uri"])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        given = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.server.asked.append(self.path)
        basic = base64.b64encode(f"{self.server.client}:{self.server.secret}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {basic}":
            self.send_error(401)
        else:
            self._json(self.server.token(given))

    def _json(self, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
