"""Every authentication method against a Gate that has it; and no secret in anything that is written."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dora.errors import AuthError, DoraError, UsageError
from ingest.http.session import Limits, LoginError, RequestError, Session
from ingest.spinnaker.auth.authenticators import BearerAuthenticator, BearerCredentials, FormAuthenticator
from ingest.spinnaker.auth.connect import check_login, connect
from ingest.spinnaker.auth.token_store import MemoryStore
from ingest.spinnaker.auth.tokens import OAuthClient, RefreshTokenSource, Token, TokenEndpoint
from ingest.spinnaker.settings import parse_settings
from tests.ingest.spinnaker.conftest import NOW, Ingest, Landed, Make
from tests.simulation.gate import Gate, serve
from tests.simulation.gate_auth import Auth, BasicAuth, BearerAuth, CertificateAuth, FormAuth, IdentityProvider, provide

CANARY = "c4nary-s3cret-8c1f0e5a"
Patch = pytest.MonkeyPatch
QUICK = Limits(requests_per_10s=0, backoff_seconds=0.01, timeout_seconds=5, attempts=2)


def write_secret(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def forget_sessions_at(prefix: str, accepted: set[str]) -> Callable[[str], None]:
    """Clear the accepted sessions or tokens at the first request for such a path."""
    prefixes = [prefix]

    def before(path: str) -> None:
        if prefixes and path.startswith(prefixes[0]):
            prefixes.clear()
            accepted.clear()

    return before


def write_spin_config(tmp_path: Path, gate: Gate, **auth: Any) -> str:
    """Write spin's configuration with these authentication methods (JSON is YAML)."""
    config = {"gate": {"endpoint": gate.url}, "auth": {"enabled": True, **auth}}
    return write_secret(tmp_path / "spin", json.dumps(config))


# --- each method, by our own settings -------------------------------------------------------------


def test_basic_sends_user_and_password(make: Make, ingest: Ingest, landed: Landed, monkeypatch: Patch) -> None:
    """The right password is accepted; a wrong one is an AuthError whose message does not repeat it."""
    with serve(make.world(make.execution("E", NOW)), auth=BasicAuth(password=CANARY)) as gate:
        monkeypatch.setenv("DORA_GATE_PASSWORD", "wr0ng")
        with pytest.raises(AuthError, match="login page") as raised:
            ingest(gate.url, basic_user="reader")
        monkeypatch.setenv("DORA_GATE_PASSWORD", CANARY)
        ingest(gate.url, basic_user="reader")
    assert "wr0ng" not in str(raised.value)
    assert landed("SELECT id FROM execution") == [("E",)]


def test_a_form_login_is_done_once_per_run(make: Make, ingest: Ingest, tmp_path: Path) -> None:
    """Four readers share one login; a second run logs in again, as no session is stored."""
    auth = FormAuth(password=CANARY)
    secret = write_secret(tmp_path / "password", CANARY + "\n")
    with serve(make.world(applications=tuple("abcdef")), auth=auth) as gate:
        for runs in (1, 2):
            assert not ingest(gate.url, ldap_user="reader", password_file=secret).partial_failures
            assert gate.requests.count("/login") == runs == len(auth.sessions)


def test_a_session_that_ends_midway_is_opened_again(make: Make, ingest: Ingest, tmp_path: Path) -> None:
    """When Gate forgets the session, the run logs in again and continues."""
    auth = FormAuth(password=CANARY)
    secret = write_secret(tmp_path / "password", CANARY)
    with serve(make.world(applications=("a", "b")), auth=auth) as gate:
        gate.before = forget_sessions_at("/credentials", auth.sessions)
        assert not ingest(gate.url, ldap_user="reader", password_file=secret).partial_failures
        assert gate.requests.count("/login") == 2


def test_a_wrong_password_in_the_form_ends_the_run(make: Make, ingest: Ingest, tmp_path: Path) -> None:
    """There is one login, no further request and no password in the error."""
    with serve(make.world(), auth=FormAuth(password="right")) as gate:
        with pytest.raises(AuthError, match="does not accept the user and password") as raised:
            ingest(gate.url, ldap_user="reader", password_file=write_secret(tmp_path / "password", CANARY))
        assert gate.requests == ["/login"]
    assert CANARY not in str(raised.value)


def make_refresh_source(provider: IdentityProvider, token: str) -> RefreshTokenSource:
    store = MemoryStore(token, lambda _: None, "")
    return RefreshTokenSource(TokenEndpoint(url=provider.url, hint=""), OAuthClient(id="dora", secret=CANARY), store)


def open_session(url: str, credentials: BearerCredentials) -> Session:
    return Session(url, limits=QUICK, authenticator=BearerAuthenticator(url, credentials))


def oauth2_settings(provider: IdentityProvider, **options: Any) -> dict[str, Any]:
    return {"oauth2": {"token_url": provider.url, "client_id": "dora", "client_secret_env": "SECRET", **options}}


@pytest.mark.parametrize("by_header", [True, False])
@pytest.mark.parametrize("wants_session", [True, False])
def test_oauth2_exchanges_its_refresh_token(
    make: Make, ingest: Ingest, monkeypatch: Patch, by_header: bool, wants_session: bool
) -> None:
    """A refresh token becomes an access token, however the provider wants the client's secret, and Gate a session."""
    monkeypatch.setenv("SECRET", CANARY)
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "first")
    auth = BearerAuth(wants_session=wants_session)
    provider_double = IdentityProvider(auth, "first", CANARY, basic=by_header)
    with provide(provider_double) as provider, serve(make.world(), auth=auth) as gate:
        assert not ingest(gate.url, **oauth2_settings(provider)).partial_failures
    assert len(provider.forms) == (1 if by_header else 2)


def test_g11_a_token_that_expires_midway_is_refreshed_once(make: Make, ingest: Ingest, monkeypatch: Patch) -> None:
    """All readers receive the 401 and one of them refreshes, with the latest refresh token."""
    monkeypatch.setenv("SECRET", CANARY)
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "first")
    auth = BearerAuth()
    world = make.world(applications=tuple("abcdefgh"))
    with provide(IdentityProvider(auth, "first", CANARY)) as provider, serve(world, auth=auth) as gate:
        gate.before = forget_sessions_at("/applications/c/", auth.tokens)
        assert not ingest(gate.url, **oauth2_settings(provider)).partial_failures
    assert len(provider.forms) == 2
    assert provider.forms[0]["refresh_token"] == "first" != provider.forms[1]["refresh_token"]


def test_g11_an_expired_token_keeps_what_is_landed(
    make: Make, ingest: Ingest, landed: Landed, monkeypatch: Patch
) -> None:
    """A 401 in the middle of a run exits with 4; with a new token the next run continues from there."""
    monkeypatch.setenv("IAP", "good")
    auth = BearerAuth(tokens={"good"})
    with serve(make.world(make.execution("E", NOW)), auth=auth) as gate:
        gate.before = forget_sessions_at("/applications/shop/executions", auth.tokens)
        with pytest.raises(AuthError, match="401") as raised:
            ingest(gate.url, iap_token_env="IAP")
        gate.before, auth.tokens = lambda path: None, {"good"}
        ingest(gate.url, iap_token_env="IAP")
    assert raised.value.exit_code == 4
    assert landed("SELECT id FROM execution") == [("E",)]


def test_g11_a_refused_new_token_ends_the_run() -> None:
    """One request is refreshed once, then it is an error."""
    auth, other = BearerAuth(), BearerAuth()
    with provide(IdentityProvider(other, "first", CANARY)) as provider:
        credentials = BearerCredentials(token=Token("old"), source=make_refresh_source(provider, "first"))
        with serve(empty_world(), auth=auth) as gate, pytest.raises(LoginError):
            open_session(gate.url, credentials).get("/applications")
    assert (len(provider.forms), gate.requests) == (1, ["/applications"] * 2)


def test_an_unknown_refresh_token_is_not_repeated() -> None:
    """The provider's error code is in the message; its description, which may repeat the token, is not."""
    with provide(IdentityProvider(BearerAuth(), "right", CANARY)) as provider:
        credentials = BearerCredentials(source=make_refresh_source(provider, "wr0ng-token"))
        with pytest.raises(AuthError, match="400 invalid_grant") as raised:
            open_session("http://127.0.0.1:9", credentials).get("/")
    assert "wr0ng" not in str(raised.value)


def test_a_client_certificate_authenticates(make: Make, ingest: Ingest, tmp_path: Path, certificates: Any) -> None:
    """Gate accepts a certificate of its authority; without one the error names the missing settings."""
    certificate, key = certificates.paths("client")
    auth = Auth(tls=certificates.context("server", asks=True))
    with serve(make.world(), auth=auth) as gate:
        assert not ingest(gate.url, ca_file=certificates.ca, cert_file=certificate, key_file=key).partial_failures
        session = connect(parse_settings({"endpoint": gate.url, "ca_file": certificates.ca}))
        with pytest.raises(DoraError, match="cert_file"):
            session._send("/applications", None, {}, False)


def test_a_stranger_of_an_x509_gate_is_told_of_the_certificate(
    make: Make, ingest: Ingest, monkeypatch: Patch, certificates: Any
) -> None:
    """Gate answers 403 to a client without one: no READ permission is missing, the certificate is."""
    certificate, key = certificates.paths("client")
    context = certificates.context("server", asks=True)
    context.verify_mode = ssl.CERT_OPTIONAL
    with serve(make.world(), auth=CertificateAuth(tls=context)) as gate:
        assert not ingest(gate.url, ca_file=certificates.ca, cert_file=certificate, key_file=key).partial_failures
        with pytest.raises(AuthError, match="certificate is missing") as raised:
            ingest(gate.url, ca_file=certificates.ca)
        assert "cert_file" in raised.value.next_step
        user = {"basic_user": "ada", "password_env": "PASSWORD"}
        monkeypatch.setenv("PASSWORD", CANARY)
        with pytest.raises(AuthError, match=r"Gate names no user: .* certificate is missing"):
            check_login(connect(parse_settings({"endpoint": gate.url, "ca_file": certificates.ca, **user})))


def test_default_headers_are_sent(make: Make, monkeypatch: Patch) -> None:
    """Their values come from the settings, or from variables if they are secret."""
    monkeypatch.setenv("KEY", CANARY)
    requests: list[dict[str, str]] = []

    class RecordingAuth(Auth):
        def reject(self, headers: Any) -> int | None:
            requests.append(dict(headers))
            return None

    settings = {"headers": {"X-RateLimit-App": "dora"}, "headers_env": {"X-Api-Key": "KEY"}}
    with serve(make.world(), auth=RecordingAuth()) as gate:
        connect(parse_settings({"endpoint": gate.url, **settings})).get("/applications")
    assert {"X-RateLimit-App": "dora", "X-Api-Key": CANARY}.items() <= requests[0].items()


# --- as spin does it ------------------------------------------------------------------------------


def test_spins_basic_form_and_token(make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch) -> None:
    """Each method with a password or token is read from spin's file, with variables expanded, as is Gate's address."""
    monkeypatch.setenv("SPIN_PW", CANARY)
    login = {"username": "reader", "password": "${SPIN_PW}"}
    methods: list[tuple[Any, dict[str, Any]]] = [
        (BasicAuth(password=CANARY), {"basic": login}),
        (FormAuth(password=CANARY), {"ldap": login}),
        (CANARY, {"apiToken": {"token": "$SPIN_PW"}}),
    ]
    for gate_auth, settings in methods:
        with serve(make.world(), auth=gate_auth) as gate:
            assert not ingest(
                "http://localhost:8084", spin_config=write_spin_config(tmp_path, gate, **settings)
            ).partial_failures


def test_auth_that_is_not_enabled_is_not_used(make: Make, tmp_path: Path) -> None:
    """``enabled: false`` turns a password off, but neither a certificate nor an API token."""
    with serve(make.world()) as gate:
        login = {"username": "reader", "password": CANARY}
        disabled = write_spin_config(tmp_path, gate, enabled=False, basic=login)
        assert not connect(parse_settings({"spin_config": disabled})).has_credentials
        token_only = write_spin_config(tmp_path, gate, enabled=False, apiToken={"token": CANARY})
        assert connect(parse_settings({"spin_config": token_only})).has_credentials


@pytest.mark.parametrize("ended", [True, False])
def test_spins_cached_token_is_used_until_it_ends(make: Make, ingest: Ingest, tmp_path: Path, ended: bool) -> None:
    """An expired token is refreshed, and spin's file stays unchanged."""
    auth = BearerAuth(tokens={"cached"}, wants_session=True)
    with provide(IdentityProvider(auth, "first", CANARY)) as provider, serve(make.world(), auth=auth) as gate:
        cached = {
            "access_token": "cached",
            "refresh_token": "first",
            "expiry": f"20{'01' if ended else '99'}-01-01T00:00:00Z",
        }
        client = {"clientId": "dora", "clientSecret": CANARY, "tokenUrl": provider.url, "cachedToken": cached}
        path = write_spin_config(tmp_path, gate, oauth2=client)
        before = Path(path).read_bytes()
        assert not ingest("http://localhost:8084", spin_config=path).partial_failures
    assert (len(provider.forms), Path(path).read_bytes()) == (int(ended), before)


def test_a_new_token_is_cached_for_spin_if_allowed(
    make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch
) -> None:
    """With a provider that accepts each refresh token once, the second run uses the token that the first cached."""
    monkeypatch.setenv("SPIN_SECRET", CANARY)
    auth = BearerAuth()
    with provide(IdentityProvider(auth, "first", CANARY)) as provider, serve(make.world(), auth=auth) as gate:
        client = {"clientId": "dora", "clientSecret": "$SPIN_SECRET", "tokenUrl": provider.url}
        path = write_spin_config(tmp_path, gate, oauth2={**client, "cachedToken": {"refresh_token": "first"}})
        for _ in range(2):
            assert not ingest("http://localhost:8084", spin_config=path, spin_config_write=True).partial_failures
            auth.tokens.clear()
    written = Path(path)
    assert (len(provider.forms), written.stat().st_mode & 0o777) == (2, 0o600)
    assert provider.refresh_token in written.read_text()
    assert "$SPIN_SECRET" in written.read_text()
    assert CANARY not in written.read_text()


def test_spins_iap_token_is_refreshed_for_its_audience(
    make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch
) -> None:
    """Gate receives the id token, requested for the proxy's audience."""
    auth = BearerAuth()
    with provide(IdentityProvider(auth, "first", CANARY, "id_token", basic=False)) as provider:
        monkeypatch.setattr("ingest.spinnaker.auth.token_sources.GOOGLE_OAUTH_URL", provider.url)
        iap = {
            "oauthClientId": "dora",
            "oauthClientSecret": CANARY,
            "iapClientId": "proxy",
            "iapClientRefresh": "first",
        }
        with serve(make.world(), auth=auth) as gate:
            assert not ingest(
                "http://localhost:8084", spin_config=write_spin_config(tmp_path, gate, iap=iap)
            ).partial_failures
    assert provider.forms[-1]["audience"] == "proxy"


@pytest.mark.parametrize("inline", [True, False])
def test_spins_certificate_and_ignored_errors(
    make: Make, ingest: Ingest, tmp_path: Path, certificates: Any, inline: bool
) -> None:
    """The certificate is a path or text; with ignoreCertErrors any server is trusted, and a note says so."""
    paths = certificates.paths("client")
    names = ("cert", "key") if inline else ("certPath", "keyPath")
    x509 = dict(zip(names, (Path(path).read_text() if inline else path for path in paths), strict=True))
    with serve(make.world(), auth=Auth(tls=certificates.context("alone", asks=True))) as gate:
        path = write_spin_config(tmp_path, gate, x509=x509, ignoreCertErrors=True)
        summary = ingest("http://localhost:8084", spin_config=path)
    assert not summary.partial_failures
    assert any("certificate errors are ignored" in note for note in summary.notes)


@pytest.mark.parametrize(
    ("auth", "field"),
    [
        ({"x509": {"certPath": "a"}}, "auth.x509"),
        ({"basic": {"username": "a"}}, "auth.basic"),
        ({"oauth2": {"tokenUrl": "https://idp.example"}}, "auth.oauth2"),
        ({"iap": {"serviceAccountKeyPath": "k.json"}}, "auth.iap"),
        ({"google_service_account": {"enabled": True}}, "auth.google_service_account"),
    ],
)
def test_what_is_incomplete_or_not_supported_is_refused(tmp_path: Path, auth: dict[str, Any], field: str) -> None:
    """Incomplete credentials are an error rather than a request without them."""
    with pytest.raises(UsageError, match=field):
        connect(
            parse_settings(
                {"spin_config": write_spin_config(tmp_path, SimpleNamespace(url="http://localhost:1"), **auth)}
            )
        )  # type: ignore[arg-type]


def test_our_settings_take_precedence_over_spins(
    make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch
) -> None:
    """A user in our settings replaces the one in spin's file."""
    monkeypatch.setenv("DORA_GATE_PASSWORD", CANARY)
    with serve(make.world(), auth=BasicAuth(user="other", password=CANARY)) as gate:
        path = write_spin_config(tmp_path, gate, iap={"iapIdToken": "x"}, basic={"username": "reader", "password": "x"})
        assert not ingest(gate.url, spin_config=path, basic_user="other").partial_failures


# --- failed logins --------------------------------------------------------------------------------


def empty_world() -> Any:
    from ingest.simulation.model.world import World

    return World(now=NOW)


def test_the_login_is_checked_first(make: Make, ingest: Ingest, monkeypatch: Patch) -> None:
    """A run with credentials requests /auth/user first; a run without credentials does not."""
    monkeypatch.setenv("DORA_GATE_TOKEN", "right")
    with serve(make.world(), auth="right") as gate:
        ingest(gate.url)
        assert gate.requests[0] == "/auth/user"
    monkeypatch.delenv("DORA_GATE_TOKEN")
    with serve(make.world()) as gate:
        ingest(gate.url)
        assert "/auth/user" not in gate.requests


@pytest.mark.parametrize(
    ("auth", "says"),
    [(BearerAuth(tokens={"x"}), "names no user: the login failed.*401"), (FormAuth(), "the login failed.*login page")],
)
def test_a_failed_login_is_named(make: Make, auth: Auth, says: str, monkeypatch: Patch) -> None:
    """If Gate names no user, the error gives the reason of the next refusal."""
    monkeypatch.setenv("IAP", "wrong")
    with serve(make.world(), auth=auth) as gate, pytest.raises(AuthError, match=says):
        check_login(connect(parse_settings({"endpoint": gate.url, "iap_token_env": "IAP"})))


@pytest.mark.parametrize("status", [404, 200])
def test_an_anonymous_gate_is_read(make: Make, status: int, monkeypatch: Patch) -> None:
    """A Gate that names no user, or has no such endpoint, is read if it answers."""
    monkeypatch.setenv("IAP", "whatever")
    with serve(make.world()) as gate:
        gate.error_statuses = {"/auth/user": status} if status != 200 else {}
        check_login(connect(parse_settings({"endpoint": gate.url, "iap_token_env": "IAP"})))


def test_an_ill_gate_is_not_taken_for_a_refusal(make: Make, monkeypatch: Patch) -> None:
    """A 500 is a RequestError, not a failed login."""
    monkeypatch.setenv("IAP", "whatever")
    with serve(make.world()) as gate:
        gate.error_statuses = {"/auth/user": 500}
        session = Session(gate.url, limits=QUICK, authenticator=FormAuthenticator(gate.url, "a", "b"))
        session._authenticator = BearerAuthenticator(gate.url, BearerCredentials(token=Token("x")))
        with pytest.raises(RequestError, match="500"):
            check_login(session)


def test_unencrypted_passwords_are_warned_about() -> None:
    """There is no warning for an address of this machine."""
    warnings: list[str] = []
    for host in ("localhost", "127.0.0.1", "gate.example"):
        connect(
            parse_settings({"endpoint": f"http://{host}", "headers": {}, "ignore_cert_errors": True}), warnings.append
        )
    assert [text for text in warnings if "not encrypted" in text] == [
        "http://gate.example is not encrypted: others on the network can read the token or password"
    ]
