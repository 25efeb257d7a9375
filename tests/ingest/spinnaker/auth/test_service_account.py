"""Google service accounts: an assertion that real RS256 verifies, and what a proxy's provider gives for it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dora.errors import AuthError, UsageError
from ingest.http.session import Limits, LoginError, Session
from ingest.spinnaker.auth.authenticators import BearerAuthenticator, BearerCredentials
from ingest.spinnaker.auth.connect import connect
from ingest.spinnaker.auth.service_account import SPIN_AUDIENCE, IdTokenSource, SelfSignedTokenSource, ServiceAccount
from ingest.spinnaker.auth.tokens import Token
from ingest.spinnaker.settings import parse_settings
from tests.ingest.spinnaker.conftest import Ingest, Make
from tests.simulation.gate import serve
from tests.simulation.gate_auth import BearerAuth, provide

EMAIL, AUDIENCE = "reader@acme.iam.example", "proxy.apps.example"
QUICK = Limits(requests_per_10s=0, backoff_seconds=0.01, attempts=2)
PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def decode_part(token: str, number: int) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[number] + "=="))
    return decoded


def make_jwt(claims: Mapping[str, Any]) -> str:
    """Return a token as a provider makes them; no test verifies its signature."""
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, claims, "s"))


def verify_assertion(token: str, key: rsa.RSAPrivateKey, audience: str) -> dict[str, Any]:
    """Return the claims of an assertion; raise if signature, issuer, audience or times are wrong."""
    text, _, signature = token.rpartition(".")
    key.public_key().verify(urlsafe_b64decode(signature + "=="), text.encode(), padding.PKCS1v15(), SHA256())
    head, claims = decode_part(token, 0), decode_part(token, 1)
    assert head == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (EMAIL, EMAIL, audience)
    assert time.time() - 60 < claims["iat"] <= time.time() < claims["exp"] <= claims["iat"] + 3600
    return claims


@dataclass
class Google:
    """Returns an id token valid for ``seconds`` for a verified assertion; Gate accepts the latest one."""

    key: rsa.RSAPrivateKey
    auth: BearerAuth
    url: str = ""
    seconds: int = 3600
    assertions: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, headers: Mapping[str, str], form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        try:
            claims = verify_assertion(form["assertion"], self.key, self.url)
        except (InvalidSignature, AssertionError):
            return 400, {"error": "invalid_grant", "error_description": form["assertion"]}
        self.assertions.append(claims)
        now = int(time.time()) + 7200  # another clock: only a token's duration counts
        token = make_jwt(
            {"aud": claims["target_audience"], "iat": now, "exp": now + self.seconds, "n": len(self.assertions)}
        )
        self.auth.tokens = {token}
        return 200, {"id_token": token}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def google(key: rsa.RSAPrivateKey) -> Iterator[Google]:
    with provide(Google(key, BearerAuth())) as provider:
        yield provider


@pytest.fixture
def key_file(tmp_path: Path, google: Google) -> str:
    return write_key_file(tmp_path / "key.json", google.key, google.url)


def write_key_file(path: Path, key: Any, token_uri: str = "https://idp.example", **fields: Any) -> str:
    """Write a key file as Google makes them."""
    account = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "key-1",
        "private_key": key.private_bytes(*PEM).decode(),
        "client_email": EMAIL,
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account | fields))
    path.chmod(0o600)
    return str(path)


def write_spin_config(tmp_path: Path, endpoint: str, **auth: Any) -> str:
    path = tmp_path / "spin"
    path.write_text(json.dumps({"gate": {"endpoint": endpoint}, "auth": {"enabled": True, **auth}}))
    path.chmod(0o600)
    return str(path)


def open_session(url: str, source: Any, token: Token | None = None) -> Session:
    credentials = BearerCredentials(token=token, source=source)
    return Session(url, limits=QUICK, authenticator=BearerAuthenticator(url, credentials))


@pytest.mark.parametrize("by_spin", [True, False])
def test_a_key_is_exchanged_for_an_identity(
    make: Make, ingest: Ingest, tmp_path: Path, google: Google, *, key_file: str, by_spin: bool
) -> None:
    """By spin's settings or ours, a run sends one verified assertion for the proxy's audience."""
    with serve(make.world(applications=tuple("abcdef")), auth=google.auth) as gate:
        settings: dict[str, Any] = {"iap_key_file": key_file, "iap_audience": AUDIENCE}
        if by_spin:
            iap = {"serviceAccountKeyPath": key_file, "iapClientId": AUDIENCE}
            settings = {"spin_config": write_spin_config(tmp_path, gate.url, iap=iap)}
        assert not ingest("http://localhost:8084" if by_spin else gate.url, **settings).partial_failures
    assert [claims["target_audience"] for claims in google.assertions] == [AUDIENCE]


def test_spins_google_service_account_sends_the_assertion_itself(
    make: Make, ingest: Ingest, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    """Gate opens a session by the assertion; no provider is requested, and ``auth.enabled`` has no effect."""

    class Verifying(BearerAuth):
        def login(self, headers: Mapping[str, str], form: Mapping[str, str] | None) -> dict[str, str] | None:
            token = headers.get("Authorization", "").removeprefix("Bearer ")
            verify_assertion(token, key, SPIN_AUDIENCE)
            self.tokens.add(token)
            return super().login(headers, form)

    account = {"enabled": True, "file": write_key_file(tmp_path / "key.json", key)}
    with serve(make.world(), auth=Verifying(wants_session=True)) as gate:
        path = write_spin_config(tmp_path, gate.url, enabled=False, google_service_account=account)
        assert not ingest("http://localhost:8084", spin_config=path).partial_failures


def test_spins_cached_assertion_is_used_while_it_lasts(tmp_path: Path, make: Make, key: rsa.RSAPrivateKey) -> None:
    """A cached assertion of the year 1, which spin writes for no expiry, stays valid."""
    auth = BearerAuth(tokens={"cached"})
    cached = {"access_token": "cached", "expiry": "0001-01-01T00:00:00Z"}
    account = {"enabled": True, "file": write_key_file(tmp_path / "key.json", key), "cachedToken": cached}
    with serve(make.world(), auth=auth) as gate:
        path = write_spin_config(tmp_path, gate.url, google_service_account=account)
        connect(parse_settings({"spin_config": path})).get("/applications")


@pytest.mark.parametrize(("seconds", "expected"), [(3600, 1), (5, 3)])
def test_an_identity_is_cached_until_it_expires(
    make: Make, google: Google, key_file: str, seconds: int, expected: int
) -> None:
    """Three requests need one token of an hour or three of five seconds, whatever the provider's clock."""
    google.seconds = seconds
    with serve(make.world(), auth=google.auth) as gate:
        session = open_session(gate.url, IdTokenSource(ServiceAccount(key_file, "k", print), AUDIENCE))
        for _ in range(3):
            session.get("/applications")
        assert gate.requests == ["/applications"] * 3
    assert len(google.assertions) == expected


def test_an_identity_that_gate_forgets_is_replaced(make: Make, google: Google, key_file: str) -> None:
    """A 401 before the expiry costs one more assertion; a Gate that stays at 401 ends the run."""
    with serve(make.world(), auth=google.auth) as gate:
        session = open_session(gate.url, IdTokenSource(ServiceAccount(key_file, "k", print), AUDIENCE), Token("old"))
        session.get("/applications")
        assert len(google.assertions) == 1
        gate.auth = BearerAuth()
        with pytest.raises(LoginError):
            session.get("/applications")
    assert len(google.assertions) == 2


def test_a_token_expires_ten_seconds_early(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """A token in its last ten seconds is expired; without an expiry it is valid, without a zone its expiry is UTC."""
    now = datetime.now(UTC)
    assert Token("x", now + timedelta(seconds=5)).expired()
    assert not Token("x", now + timedelta(seconds=60)).expired()
    assert not Token("x").expired()
    assert Token("x", (now - timedelta(seconds=60)).replace(tzinfo=None)).expired()
    assert (
        not SelfSignedTokenSource(ServiceAccount(write_key_file(tmp_path / "k", key), "k", print))
        .fetch_token()
        .expired()
    )


def test_an_unknown_key_is_not_repeated(
    make: Make, ingest: Ingest, google: Google, tmp_path: Path, key_file: str
) -> None:
    """An assertion signed by another key is an AuthError with a next step, without key or assertion."""
    other = rsa.generate_private_key(65537, 2048)
    path = write_key_file(tmp_path / "other.json", other, google.url)
    with serve(make.world(), auth=google.auth) as gate, pytest.raises(AuthError, match="400 invalid_grant") as raised:
        ingest(gate.url, iap_key_file=path, iap_audience=AUDIENCE)
    assert "key is not deleted" in raised.value.next_step
    assert "eyJ" not in str(raised.value)
    assert google.assertions == []


def test_an_invalid_key_file_is_refused_before_any_request(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    """A file without JSON, without a key or with another kind of key is refused; its content is not repeated."""
    curve = ec.generate_private_key(ec.SECP256R1())
    texts = ["s3cret", "{}", "[" * 5000, Path(write_key_file(tmp_path / "ec", curve)).read_text()]
    texts.append(Path(write_key_file(tmp_path / "cut", key, private_key="-----BEGIN s3cret")).read_text())
    for text in texts:
        (tmp_path / "key.json").write_text(text)
        with pytest.raises(UsageError, match="not the key of a Google service account") as raised:
            connect(parse_settings({"iap_key_file": str(tmp_path / "key.json"), "iap_audience": AUDIENCE}))
        assert "s3cret" not in f"{raised.value} {raised.value.__cause__}"


@pytest.mark.parametrize("settings", [{"iap_key_file": "x"}, {"iap_audience": "x"}])
def test_key_and_audience_come_together(settings: dict[str, str]) -> None:
    """A key without an audience, or an audience without a key, is refused."""
    with pytest.raises(UsageError, match="only one of iap_key_file and iap_audience"):
        connect(parse_settings(settings))


def test_a_key_that_others_can_read_is_warned_about(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    """A key file that is not private is warned about, as any file with a secret."""
    path, warnings = write_key_file(tmp_path / "key.json", key), list[str]()
    Path(path).chmod(0o644)
    connect(parse_settings({"iap_key_file": path, "iap_audience": AUDIENCE}), warnings.append)
    assert [text for text in warnings if "chmod 600" in text]


def test_a_library_that_is_missing_is_named(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    """Without cryptography the error names the extra that installs it; other methods work without it."""
    path = write_key_file(tmp_path / "key.json", key)
    code = f"""
import sys
sys.modules["cryptography"] = None
from ingest.spinnaker.auth.connect import connect
from ingest.spinnaker.settings import parse_settings
connect(parse_settings({{"token_env": "X"}}))
connect(parse_settings({{"iap_key_file": {path!r}, "iap_audience": "a"}}))
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert "pip install '.[google]' in a checkout" in process.stderr.splitlines()[-1]


def test_an_account_hides_its_key(key_file: str) -> None:
    """The repr of an account and of its token has no secret."""
    account = ServiceAccount(key_file, "k", print)
    assert "PRIVATE" not in f"{account!r} {vars(account)!r}"
    assert repr(account.sign_assertion("a")) == "Token(…)"
