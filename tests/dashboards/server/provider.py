"""An OpenID Connect provider on loopback for tests: discovery, authorize, token, keys, logout."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def new_key() -> rsa.RSAPrivateKey:
    """Return another key to sign tokens."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider(ThreadingHTTPServer):
    """Has one client, and logs in the user of ``claims`` without a form."""

    daemon_threads = True

    def __init__(self, client: str, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client, self.secret = client, secret
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.requested_paths: list[str] = []
        self.key, self.key_id = new_key(), "test"
        self.published_key = self.key
        self.algorithm = "RS256"
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
        paths = {"authorization": "authorize", "token": "token", "end_session": "logout"}
        return {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        } | {f"{name}_endpoint": f"{self.address}/{path}" for name, path in paths.items()}

    @property
    def keys(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        numbers = self.published_key.public_key().public_numbers()
        parts = {name: _url64(number.to_bytes(-(-number.bit_length() // 8))) for name, number in
                 (("n", numbers.n), ("e", numbers.e))}  # fmt: skip
        return {"keys": [{"kty": "RSA", "kid": self.key_id, "use": "sig", "alg": "RS256", **parts}]}

    def code(self, authorization: dict[str, str]) -> str:
        """Return a code for an authorization request."""
        assert authorization["client_id"] == self.client
        code = secrets.token_urlsafe()
        self.codes[code] = authorization
        return code

    def token(self, request: dict[str, str]) -> dict[str, Any]:
        """Return the tokens for a code, once, to the client that requested it and proves so (PKCE)."""
        authorization = self.codes.pop(request["code"])
        assert request["redirect_uri"] == authorization["redirect_uri"]
        assert _url64(hashlib.sha256(request["code_verifier"].encode()).digest()) == authorization["code_challenge"]
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": self.client,
            "iat": now,
            "exp": now + 600,
            "nonce": authorization["nonce"],
        }
        return {"access_token": "none", "token_type": "Bearer", "id_token": self._sign(claims | self.claims)}

    def _sign(self, claims: dict[str, Any]) -> str:
        head = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT"}
        present = {name: value for name, value in claims.items() if value is not None}
        body = f"{_url64(json.dumps(head).encode())}.{_url64(json.dumps(present).encode())}"
        return f"{body}.{_url64(self._signature(body.encode()))}"

    def _signature(self, body: bytes) -> bytes:
        if self.algorithm == "none":
            return b""
        if self.algorithm == "HS256":  # as an attacker would, who knows the public key only
            public = self.published_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return hmac.digest(public, body, "sha256")
        return self.key.sign(body, padding.PKCS1v15(), SHA256())


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        self.server.requested_paths.append(path)
        if path == "/.well-known/openid-configuration":
            self._json(self.server.metadata)
        elif path == "/keys":
            self._json(self.server.keys)
        elif path == "/authorize":
            answer = urlencode({"code": self.server.code(query), "state": query["state"]})
            self._redirect(f"{query['redirect_uri']}?{answer}")
        elif path == "/logout":
            self._redirect(query["post_logout_redirect_uri"])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        request = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.server.requested_paths.append(self.path)
        basic = base64.b64encode(f"{self.server.client}:{self.server.secret}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {basic}":
            self.send_error(401)
        else:
            self._json(self.server.token(request))

    def _json(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, url: str) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
