"""Every authentication method against a Gate that has it; and no secret in anything that is written."""

from __future__ import annotations

import json
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
from tests.simulation.gate_auth import Auth, BasicAuth, BearerAuth, FormAuth, IdentityProvider, provide

CANARY = "c4nary-s3cret-8c1f0e5a"
Patch = pytest.MonkeyPatch
QUICK = Limits(requests_per_10s=0, backoff_seconds=0.01, timeout_seconds=5, attempts=2)


def write(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def once(prefix: str, known: set[str]) -> Callable[[str], None]:
    """Forget who is known when such a path is asked for the first time."""
    left = [prefix]

    def before(path: str) -> None:
        if left and path.startswith(left[0]):
            left.clear()
            known.clear()

    return before


def spin(tmp_path: Path, gate: Gate, **auth: Any) -> str:
    """A file of spin with these ways in (JSON is YAML)."""
    told = {"gate": {"endpoint": gate.url}, "auth": {"enabled": True, **auth}}
    return write(tmp_path / "spin", json.dumps(told))


# --- each way in, by our own settings -------------------------------------------------------------


def test_basic_shows_user_and_password(make: Make, ingest: Ingest, landed: Landed, monkeypatch: Patch) -> None:
    """The right password opens; the wrong one ends at the login page as AuthError, and is not in the message."""
    with serve(make.world(make.execution("E", NOW)), auth=BasicAuth(password=CANARY)) as gate:
        monkeypatch.setenv("DORA_GATE_PASSWORD", "wr0ng")
        with pytest.raises(AuthError, match="login page") as raised:
            ingest(gate.url, basic_user="reader")
        monkeypatch.setenv("DORA_GATE_PASSWORD", CANARY)
        ingest(gate.url, basic_user="reader")
    assert "wr0ng" not in str(raised.value)
    assert landed("SELECT id FROM execution") == [("E",)]


def test_a_form_login_is_done_once_and_its_session_kept(make: Make, ingest: Ingest, tmp_path: Path) -> None:
    """Four readers, one login; a second run logs in again, as no session is written anywhere."""
    auth = FormAuth(password=CANARY)
    secret = write(tmp_path / "password", CANARY + "\n")
    with serve(make.world(applications=tuple("abcdef")), auth=auth) as gate:
        for runs in (1, 2):
            assert not ingest(gate.url, ldap_user="reader", password_file=secret).partial_failures
            assert gate.requests.count("/login") == runs == len(auth.sessions)


def test_a_session_that_ends_midway_is_opened_again(make: Make, ingest: Ingest, tmp_path: Path) -> None:
    """Gate forgets the session after each page that it serves: the run goes on."""
    auth = FormAuth(password=CANARY)
    secret = write(tmp_path / "password", CANARY)
    with serve(make.world(applications=("a", "b")), auth=auth) as gate:
        gate.before = once("/credentials", auth.sessions)
        assert not ingest(gate.url, ldap_user="reader", password_file=secret).partial_failures
        assert gate.requests.count("/login") == 2


def test_a_wrong_password_in_the_form_is_told_at_once(make: Make, ingest: Ingest, tmp_path: Path) -> None:
    """One login, no further request, no password in the error."""
    with serve(make.world(), auth=FormAuth(password="right")) as gate:
        with pytest.raises(AuthError, match="does not accept the user and password") as raised:
            ingest(gate.url, ldap_user="reader", password_file=write(tmp_path / "password", CANARY))
        assert gate.requests == ["/login"]
    assert CANARY not in str(raised.value)


def refreshing(provider: IdentityProvider, token: str) -> RefreshTokenSource:
    kept = MemoryStore(token, lambda _: None, "")
    return RefreshTokenSource(TokenEndpoint(url=provider.url, hint=""), OAuthClient(id="dora", secret=CANARY), kept)


def authenticated(url: str, credentials: BearerCredentials) -> Session:
    return Session(url, limits=QUICK, authenticator=BearerAuthenticator(url, credentials))


def oauth2(provider: IdentityProvider, **more: Any) -> dict[str, Any]:
    return {"oauth2": {"token_url": provider.url, "client_id": "dora", "client_secret_env": "SECRET", **more}}


@pytest.mark.parametrize("by_header", [True, False])
@pytest.mark.parametrize("wants_session", [True, False])
def test_oauth2_gets_a_token_and_shows_it(
    make: Make, ingest: Ingest, monkeypatch: Patch, by_header: bool, wants_session: bool
) -> None:
    """A refresh token becomes an access token, however the provider wants the client's secret, and Gate a session."""
    monkeypatch.setenv("SECRET", CANARY)
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "first")
    auth = BearerAuth(wants_session=wants_session)
    asked = IdentityProvider(auth, "first", CANARY, basic=by_header)
    with provide(asked) as provider, serve(make.world(), auth=auth) as gate:
        assert not ingest(gate.url, **oauth2(provider)).partial_failures
    assert len(provider.forms) == (1 if by_header else 2)


def test_g11_a_token_that_expires_midway_is_refreshed_once(make: Make, ingest: Ingest, monkeypatch: Patch) -> None:
    """All readers meet the 401 and one of them refreshes, with the refresh token that was given out last."""
    monkeypatch.setenv("SECRET", CANARY)
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "first")
    auth = BearerAuth()
    world = make.world(applications=tuple("abcdefgh"))
    with provide(IdentityProvider(auth, "first", CANARY)) as provider, serve(world, auth=auth) as gate:
        gate.before = once("/applications/c/", auth.tokens)
        assert not ingest(gate.url, **oauth2(provider)).partial_failures
    assert len(provider.forms) == 2
    assert provider.forms[0]["refresh_token"] == "first" != provider.forms[1]["refresh_token"]


def test_g11_a_token_that_nobody_refreshes_keeps_what_is_landed(
    make: Make, ingest: Ingest, landed: Landed, monkeypatch: Patch
) -> None:
    """401 on a page in the middle: exit 4; with a new token the next run goes on from there."""
    monkeypatch.setenv("IAP", "good")
    auth = BearerAuth(tokens={"good"})
    with serve(make.world(make.execution("E", NOW)), auth=auth) as gate:
        gate.before = once("/applications/shop/executions", auth.tokens)
        with pytest.raises(AuthError, match="401") as raised:
            ingest(gate.url, iap_token_env="IAP")
        gate.before, auth.tokens = lambda path: None, {"good"}
        ingest(gate.url, iap_token_env="IAP")
    assert raised.value.exit_code == 4
    assert landed("SELECT id FROM execution") == [("E",)]


def test_g11_a_gate_that_refuses_the_new_token_too_is_not_asked_for_ever() -> None:
    """One refresh for one request, then the error."""
    auth, other = BearerAuth(), BearerAuth()
    with provide(IdentityProvider(other, "first", CANARY)) as provider:
        credentials = BearerCredentials(token=Token("old"), source=refreshing(provider, "first"))
        with serve(_world(), auth=auth) as gate, pytest.raises(LoginError):
            authenticated(gate.url, credentials).get("/applications")
    assert (len(provider.forms), gate.requests) == (1, ["/applications"] * 2)


def test_a_refresh_token_that_is_not_known_is_told_without_it() -> None:
    """The provider's own word for it is told; its description, which may repeat the token, is not."""
    with provide(IdentityProvider(BearerAuth(), "right", CANARY)) as provider:
        credentials = BearerCredentials(source=refreshing(provider, "wr0ng-token"))
        with pytest.raises(AuthError, match="400 invalid_grant") as raised:
            authenticated("http://127.0.0.1:9", credentials).get("/")
    assert "wr0ng" not in str(raised.value)


def test_a_certificate_opens(make: Make, ingest: Ingest, tmp_path: Path, certificates: Any) -> None:
    """x509: Gate asks for a certificate of its authority; without one it is said which settings are missing."""
    certificate, key = certificates.paths("client")
    auth = Auth(tls=certificates.context("server", asks=True))
    with serve(make.world(), auth=auth) as gate:
        assert not ingest(gate.url, ca_file=certificates.ca, cert_file=certificate, key_file=key).partial_failures
        session = connect(parse_settings({"endpoint": gate.url, "ca_file": certificates.ca}))
        with pytest.raises(DoraError, match="cert_file"):
            session._send("/applications", None, {}, False)


def test_default_headers_go_along(make: Make, monkeypatch: Patch) -> None:
    """With their values from the settings, or from variables where they are secret."""
    monkeypatch.setenv("KEY", CANARY)
    heard: list[dict[str, str]] = []

    class Listening(Auth):
        def reject(self, headers: Any) -> int | None:
            heard.append(dict(headers))
            return None

    given = {"headers": {"X-RateLimit-App": "dora"}, "headers_env": {"X-Api-Key": "KEY"}}
    with serve(make.world(), auth=Listening()) as gate:
        connect(parse_settings({"endpoint": gate.url, **given})).get("/applications")
    assert {"X-RateLimit-App": "dora", "X-Api-Key": CANARY}.items() <= heard[0].items()


# --- as spin does it ------------------------------------------------------------------------------


def test_spins_basic_form_and_token(make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch) -> None:
    """The three that carry a password or token, with environment variables expanded, and Gate's address from there."""
    monkeypatch.setenv("SPIN_PW", CANARY)
    login = {"username": "reader", "password": "${SPIN_PW}"}
    auth_settings: list[tuple[Any, dict[str, Any]]] = [
        (BasicAuth(password=CANARY), {"basic": login}),
        (FormAuth(password=CANARY), {"ldap": login}),
        (CANARY, {"apiToken": {"token": "$SPIN_PW"}}),
    ]
    for gate_auth, settings in auth_settings:
        with serve(make.world(), auth=gate_auth) as gate:
            assert not ingest("http://localhost:8084", spin_config=spin(tmp_path, gate, **settings)).partial_failures


def test_auth_that_is_not_enabled_is_not_used(make: Make, tmp_path: Path) -> None:
    """``enabled: false`` turns a password off, but neither a certificate nor an API token."""
    with serve(make.world()) as gate:
        login = {"username": "reader", "password": CANARY}
        off = spin(tmp_path, gate, enabled=False, basic=login)
        assert not connect(parse_settings({"spin_config": off})).has_credentials
        still = spin(tmp_path, gate, enabled=False, apiToken={"token": CANARY})
        assert connect(parse_settings({"spin_config": still})).has_credentials


@pytest.mark.parametrize("ended", [True, False])
def test_spins_cached_token_is_used_until_it_ends(make: Make, ingest: Ingest, tmp_path: Path, ended: bool) -> None:
    """Then it is refreshed, and spin's file stays as it was."""
    auth = BearerAuth(tokens={"cached"}, wants_session=True)
    with provide(IdentityProvider(auth, "first", CANARY)) as provider, serve(make.world(), auth=auth) as gate:
        cached = {
            "access_token": "cached",
            "refresh_token": "first",
            "expiry": f"20{'01' if ended else '99'}-01-01T00:00:00Z",
        }
        client = {"clientId": "dora", "clientSecret": CANARY, "tokenUrl": provider.url, "cachedToken": cached}
        path = spin(tmp_path, gate, oauth2=client)
        before = Path(path).read_bytes()
        assert not ingest("http://localhost:8084", spin_config=path).partial_failures
    assert (len(provider.forms), Path(path).read_bytes()) == (int(ended), before)


def test_a_new_token_is_cached_for_spin_where_that_is_told(
    make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch
) -> None:
    """Two runs with a provider that takes each refresh token once: the second goes on with what the first wrote."""
    monkeypatch.setenv("SPIN_SECRET", CANARY)
    auth = BearerAuth()
    with provide(IdentityProvider(auth, "first", CANARY)) as provider, serve(make.world(), auth=auth) as gate:
        client = {"clientId": "dora", "clientSecret": "$SPIN_SECRET", "tokenUrl": provider.url}
        path = spin(tmp_path, gate, oauth2={**client, "cachedToken": {"refresh_token": "first"}})
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
    """What Gate sees is the id token, asked for with the audience of the proxy."""
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
            assert not ingest("http://localhost:8084", spin_config=spin(tmp_path, gate, iap=iap)).partial_failures
    assert provider.forms[-1]["audience"] == "proxy"


@pytest.mark.parametrize("inline", [True, False])
def test_spins_certificate_and_ignored_errors(
    make: Make, ingest: Ingest, tmp_path: Path, certificates: Any, inline: bool
) -> None:
    """By path or as text; with ignoreCertErrors any server is believed, and that is said."""
    paths = certificates.paths("client")
    names = ("cert", "key") if inline else ("certPath", "keyPath")
    x509 = dict(zip(names, (Path(path).read_text() if inline else path for path in paths), strict=True))
    with serve(make.world(), auth=Auth(tls=certificates.context("alone", asks=True))) as gate:
        path = spin(tmp_path, gate, x509=x509, ignoreCertErrors=True)
        done = ingest("http://localhost:8084", spin_config=path)
    assert not done.partial_failures
    assert any("certificate errors are ignored" in note for note in done.notes)


@pytest.mark.parametrize(
    ("auth", "named"),
    [
        ({"x509": {"certPath": "a"}}, "auth.x509"),
        ({"basic": {"username": "a"}}, "auth.basic"),
        ({"oauth2": {"tokenUrl": "https://idp.example"}}, "auth.oauth2"),
        ({"iap": {"serviceAccountKeyPath": "k.json"}}, "auth.iap"),
        ({"google_service_account": {"enabled": True}}, "auth.google_service_account"),
    ],
)
def test_what_is_incomplete_or_not_supported_is_refused(tmp_path: Path, auth: dict[str, Any], named: str) -> None:
    """Better than to knock as a stranger."""
    with pytest.raises(UsageError, match=named):
        connect(parse_settings({"spin_config": spin(tmp_path, SimpleNamespace(url="http://localhost:1"), **auth)}))  # type: ignore[arg-type]


def test_our_settings_go_before_spins(make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: Patch) -> None:
    """Another user named here is the one that knocks."""
    monkeypatch.setenv("DORA_GATE_PASSWORD", CANARY)
    with serve(make.world(), auth=BasicAuth(user="other", password=CANARY)) as gate:
        path = spin(tmp_path, gate, iap={"iapIdToken": "x"}, basic={"username": "reader", "password": "x"})
        assert not ingest(gate.url, spin_config=path, basic_user="other").partial_failures


# --- what is wrong --------------------------------------------------------------------------------


def _world() -> Any:
    from ingest.simulation.model.world import World

    return World(now=NOW)


def test_who_we_are_is_asked_first(make: Make, ingest: Ingest, monkeypatch: Patch) -> None:
    """One cheap request before the others, and none where there is nothing to be known by."""
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
def test_not_logged_in_is_said_so(make: Make, auth: Auth, says: str, monkeypatch: Patch) -> None:
    """Gate names no user with 200 and nothing: what it then refuses says why."""
    monkeypatch.setenv("IAP", "wrong")
    with serve(make.world(), auth=auth) as gate, pytest.raises(AuthError, match=says):
        check_login(connect(parse_settings({"endpoint": gate.url, "iap_token_env": "IAP"})))


@pytest.mark.parametrize("status", [404, 200])
def test_a_gate_that_asks_nobody_is_read(make: Make, status: int, monkeypatch: Patch) -> None:
    """No user named, or no such endpoint, and yet it answers."""
    monkeypatch.setenv("IAP", "whatever")
    with serve(make.world()) as gate:
        gate.error_statuses = {"/auth/user": status} if status != 200 else {}
        check_login(connect(parse_settings({"endpoint": gate.url, "iap_token_env": "IAP"})))


def test_an_ill_gate_is_not_taken_for_a_refusal(make: Make, monkeypatch: Patch) -> None:
    """500 is no word about us."""
    monkeypatch.setenv("IAP", "whatever")
    with serve(make.world()) as gate:
        gate.error_statuses = {"/auth/user": 500}
        session = Session(gate.url, limits=QUICK, authenticator=FormAuthenticator(gate.url, "a", "b"))
        session._authenticator = BearerAuthenticator(gate.url, BearerCredentials(token=Token("x")))
        with pytest.raises(RequestError, match="500"):
            check_login(session)


def test_passwords_over_an_open_wire_are_warned_about() -> None:
    """Not on this machine, where nobody listens."""
    said: list[str] = []
    for host in ("localhost", "127.0.0.1", "gate.example"):
        connect(parse_settings({"endpoint": f"http://{host}", "headers": {}, "ignore_cert_errors": True}), said.append)
    assert [text for text in said if "not encrypted" in text] == [
        "http://gate.example is not encrypted: others on the network can read the token or password"
    ]
