"""From settings, environment and spin's own configuration to a session that Gate knows, and whether it does."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from dora.errors import AuthError, UsageError
from ingest.core.paths import at_home
from ingest.http.session import Access, FailedError, Limits, LoginError, Session
from ingest.http.tls import Tls
from ingest.http.transport import basic_header, origin
from ingest.spinnaker.auth.grants import incomplete, own_iap, own_oauth2, spin_google, spin_iap, spin_oauth2
from ingest.spinnaker.auth.login import Bearer, Fixed, FormLogin, Grant
from ingest.spinnaker.settings import Settings, check_endpoint, secret, spin_config
from ingest.spinnaker.settings.spin_config import Auth, Login, Spin

_DEFAULT = Settings().endpoint
_SHOW = "set {}, or another way in under [sources.spinnaker] (spin_config, basic_user, oauth2, cert_file …)."
_RENEW = "renew what [sources.spinnaker] shows to Gate, and check that endpoint is Gate's own address and not Deck's."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def connect(settings: Settings, warn: secret.Warn = lambda _: None, attempts: int = Limits().attempts) -> Session:
    """A session with the Gate of these settings; ``warn`` is told what is not as safe as it should be, ``attempts`` is
    how often each request is sent.

    Raises ``UsageError`` where a secret is missing or a way in is not supported. Nothing is sent yet.
    """
    spin = _spin(settings, warn)
    endpoint = settings.endpoint
    if endpoint == _DEFAULT and spin.gate and spin.gate.endpoint:
        endpoint = spin.gate.endpoint
        check_endpoint(endpoint)
    pace, timeout = settings.requests_per_10s, settings.timeout_seconds
    limits = Limits(timeout_seconds=timeout, requests_per_10s=pace, attempts=attempts)
    access = _Ways(settings, endpoint, spin.auth or Auth(), warn).access()
    mend = _RENEW if access or settings.headers_env else _SHOW.format(settings.token_env)
    return Session(endpoint, settings.all_headers(), limits, access, mend)


def probe(session: Session) -> None:
    """Ask Gate who we are before anything else; raises ``AuthError`` that says what is wrong.

    Nothing is asked where there is nothing to be known by: the first listing tells that as well. A Gate that names
    no user may be one that asks nobody: only what it then refuses shows that we are not logged in.
    """
    if not session.known:
        return
    try:
        if session.get("/auth/user", empty=True).body:
            return
    except FailedError as error:
        if error.status != 404:
            raise
    try:
        session.get("/applications")
    except LoginError as error:
        raise AuthError(f"Gate names no user: we are not logged in. {error.happened}", error.next_step) from None


def _spin(settings: Settings, warn: secret.Warn) -> Spin:
    path = spin_config.path_of(settings.spin_config)
    return spin_config.load(path, warn) if path else Spin()


class _Ways:
    """The ways in that settings and spin's configuration offer; the settings go first."""

    def __init__(self, settings: Settings, endpoint: str, auth: Auth, warn: secret.Warn) -> None:
        self._settings, self._endpoint, self._warn = settings, endpoint, warn
        own = (settings.iap_token_env, settings.iap_key_file, settings.basic_user, settings.ldap_user, settings.oauth2)
        self._own = any(own)
        self._auth, self._on = auth, auth if auth.enabled and not self._own else Auth()

    def access(self) -> Access | None:
        """The way in, None where there is none. What asks for a login or a refresh is the last choice."""
        tls, fixed = self._tls(), self._token()
        found = self._iap(fixed, tls) or self._basic(fixed, tls) or self._oauth2(fixed, tls) or self._ldap(fixed, tls)
        if found is None and (fixed or tls != Tls()):
            found = Fixed(fixed, tls)
        if found:
            self._check_secrecy(self._endpoint)
        return found

    def _check_secrecy(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            self._warn(f"{origin(url)} is not encrypted: everyone on the way can read our token or password")

    def _token(self) -> dict[str, str]:
        spin = self._auth.api_token
        token = self._settings.token(self._warn) or (spin.token if spin else None)
        return {"X-Spinnaker-Token": token} if token else {}

    def _tls(self) -> Tls:
        trusting = self._settings.ignore_cert_errors or self._auth.ignore_cert_errors
        if trusting:
            self._warn("certificate errors are ignored: anyone on the way can pose as Gate and read what we send")
        certificate = self._settings.certificate(self._warn) or self._spin_certificate()
        ca_file = self._settings.ca_file and str(at_home(self._settings.ca_file))
        if ca_file and not Path(ca_file).exists():
            raise UsageError(f"ca_file {self._settings.ca_file} does not exist; nothing was fetched.", "correct it.")
        return Tls(certificate=certificate, ca_file=ca_file, verify=not trusting)

    def _spin_certificate(self) -> tuple[str, str] | None:
        x509 = self._auth.x509
        if x509 is None:
            return None
        if x509.cert_path and x509.key_path:
            public = secret.read(x509.cert_path, "auth.x509.certPath", lambda _: None)
            return public, secret.read(x509.key_path, "auth.x509.keyPath", self._warn)
        if x509.cert and x509.key:
            return x509.cert, x509.key
        raise incomplete("x509", "certPath and keyPath, or cert and key")

    def _login(self, user: str | None, spin: Login | None, section: str) -> tuple[str, str] | None:
        if user:
            return user, self._settings.password(self._warn)
        if spin is None:
            return None
        if not (spin.username and spin.password):
            raise incomplete(section, "username and password")
        return spin.username, spin.password

    def _basic(self, fixed: dict[str, str], tls: Tls) -> Access | None:
        found = self._login(self._settings.basic_user, self._on.basic, "basic")
        return Fixed({**fixed, **basic_header(*found)}, tls) if found else None

    def _ldap(self, fixed: dict[str, str], tls: Tls) -> Access | None:
        found = self._login(self._settings.ldap_user, self._on.ldap, "ldap")
        return FormLogin(self._endpoint, *found, fixed, tls) if found else None

    def _iap(self, fixed: dict[str, str], tls: Tls) -> Access | None:
        found = own_iap(self._settings, self._warn)
        if found is None and self._on.iap:
            found = spin_iap(self._on.iap, self._warn)
        return Bearer(self._endpoint, found, fixed, tls) if found else None

    def _oauth2(self, fixed: dict[str, str], tls: Tls) -> Access | None:
        found = self._client() or self._google() or self._spin_client()
        return Bearer(self._endpoint, found, fixed, tls) if found else None

    def _client(self) -> Grant | None:
        client = self._settings.oauth2
        if client is None:
            return None
        self._check_secrecy(client.token_url)
        return own_oauth2(client, self._warn)

    def _google(self) -> Grant | None:
        """It has a switch of its own, which ``auth.enabled`` does not turn off."""
        account = self._auth.google_service_account
        return spin_google(account, self._warn) if account and account.enabled and not self._own else None

    def _spin_client(self) -> Grant | None:
        client, path = self._on.oauth2, spin_config.path_of(self._settings.spin_config)
        if client is None or path is None:
            return None
        self._check_secrecy(client.token_url or "")
        return spin_oauth2(client, path, self._warn, writes=self._settings.spin_config_write)
