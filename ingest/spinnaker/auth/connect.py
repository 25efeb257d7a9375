"""From settings, environment and spin's configuration to a session with Gate, and whether Gate accepts it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from dora.errors import AuthError, UsageError
from ingest.core.paths import at_home
from ingest.http.session import Authenticator, ForbiddenError, Limits, LoginError, Reply, RequestError, Session
from ingest.http.tls import Tls
from ingest.http.transport import basic_header, origin
from ingest.spinnaker.auth import token_sources
from ingest.spinnaker.auth.authenticators import BearerAuthenticator, BearerCredentials, FormAuthenticator
from ingest.spinnaker.settings import Settings, check_endpoint
from ingest.spinnaker.settings.credentials import Warn, describe_missing, read_secret_file
from ingest.spinnaker.settings.spin_config import Auth, Login, Spin, read_spin_config, spin_config_path

_DEFAULT_ENDPOINT = Settings().endpoint
_OTHER_CREDENTIALS = "or use other credentials in [sources.spinnaker] (spin_config, basic_user, oauth2, cert_file …)."
_RENEW_HINT = "renew the credentials of [sources.spinnaker], and check that endpoint is Gate's address and not Deck's."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def connect(settings: Settings, warn: Warn = lambda _: None, attempts: int = Limits().attempts) -> Session:
    """Return a session with the Gate of these settings; nothing is sent yet.

    ``warn`` receives what is not as safe as it should be; each request is sent at most ``attempts`` times. Raises
    ``UsageError`` if a secret is missing or a way to authenticate is not supported.
    """
    path = spin_config_path(settings.spin_config)
    spin = read_spin_config(path, warn) if path else Spin()
    endpoint = settings.endpoint
    if endpoint == _DEFAULT_ENDPOINT and spin.gate and spin.gate.endpoint:
        endpoint = spin.gate.endpoint
        check_endpoint(endpoint)
    limits = Limits(
        timeout_seconds=settings.timeout_seconds, requests_per_10s=settings.requests_per_10s, attempts=attempts
    )
    authenticator = _Builder(settings, endpoint, spin.auth or Auth(), warn).authenticator()
    hint = _RENEW_HINT if authenticator or settings.headers_env else _describe_missing_token(settings)
    return Session(endpoint, settings.all_headers(), limits, authenticator, hint)


def _describe_missing_token(settings: Settings) -> str:
    if settings.token_file:
        return f"write an API token into {settings.token_file}, which is empty, {_OTHER_CREDENTIALS}"
    missing = describe_missing(settings.token_env)
    return f"the variable {settings.token_env} {missing}: set it to an API token of Gate, {_OTHER_CREDENTIALS}"


def check_login(session: Session) -> None:
    """Raise ``AuthError`` if Gate does not accept the session's credentials.

    Without credentials nothing is sent: the first listing fails as well. A Gate that names no user may have no
    authentication at all, so that only a listing that it refuses shows that the login failed.
    """
    if not session.has_credentials:
        return
    try:
        if session.get("/auth/user", allow_empty=True).body:
            return
    except RequestError as error:
        if error.status != 404:
            raise
    try:
        request_applications(session)
    except LoginError as error:
        raise AuthError(f"Gate names no user: the login failed. {error.happened}", error.next_step) from None


def request_applications(session: Session) -> Reply:
    """Return the list of applications; raises ``LoginError`` for a stranger, besides what ``Session.get`` raises."""
    try:
        return session.get("/applications")
    except ForbiddenError:
        # Gate leaves out what a user may not read; only one that asks for certificates refuses the list.
        refused = f"{origin(session.endpoint)} refuses the list of applications (403), as it does to strangers"
        if session.has_certificate:
            hint = "check that its authority is one of Gate's, and that its user may sign in."
            raise LoginError(f"{refused}: it does not accept the client certificate.", hint) from None
        hint = "set cert_file and key_file in [sources.spinnaker], or x509 in spin's configuration."
        raise LoginError(f"{refused}: the client certificate is missing.", hint) from None


class _Builder:
    """Chooses how to authenticate, by the settings and else by spin's configuration."""

    def __init__(self, settings: Settings, endpoint: str, auth: Auth, warn: Warn) -> None:
        self._settings, self._endpoint, self._auth, self._warn = settings, endpoint, auth, warn
        own = (settings.iap_token_env, settings.iap_key_file, settings.basic_user, settings.ldap_user, settings.oauth2)
        self._has_own = any(own)
        # spin uses a certificate and an API token even if auth is not enabled, all else only then.
        self._enabled = auth if auth.enabled and not self._has_own else Auth()

    def authenticator(self) -> Authenticator | None:
        """Return the authenticator, None if there are no credentials; what needs requests of its own comes last."""
        authenticator: Authenticator | None = None
        tls, token = self._tls(), self._api_token_header()
        if iap := self._iap():
            authenticator = BearerAuthenticator(self._endpoint, iap, token, tls)
        elif basic := self._user_and_password(self._settings.basic_user, self._enabled.basic, "basic"):
            authenticator = Authenticator({**token, **basic_header(*basic)}, tls)
        elif oauth2 := self._oauth2():
            authenticator = BearerAuthenticator(self._endpoint, oauth2, token, tls)
        elif ldap := self._user_and_password(self._settings.ldap_user, self._enabled.ldap, "ldap"):
            authenticator = FormAuthenticator(self._endpoint, *ldap, token, tls)
        elif token or tls != Tls():
            authenticator = Authenticator(token, tls)
        if authenticator:
            self._warn_if_unencrypted(self._endpoint)
        return authenticator

    def _warn_if_unencrypted(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            self._warn(f"{origin(url)} is not encrypted: others on the network can read the token or password")

    def _api_token_header(self) -> dict[str, str]:
        spin = self._auth.api_token
        token = self._settings.token(self._warn) or (spin.token if spin else None)
        return {"X-Spinnaker-Token": token} if token else {}

    def _tls(self) -> Tls:
        ignore_errors = self._settings.ignore_cert_errors or self._auth.ignore_cert_errors
        if ignore_errors:
            self._warn("certificate errors are ignored: any server can pose as Gate and read what is sent")
        certificate = self._settings.certificate(self._warn) or self._spin_certificate()
        ca_file = self._settings.ca_file and str(at_home(self._settings.ca_file))
        if ca_file and not Path(ca_file).exists():
            raise UsageError(f"ca_file {self._settings.ca_file} does not exist; nothing was fetched.", "correct it.")
        return Tls(certificate=certificate, ca_file=ca_file, verify=not ignore_errors)

    def _spin_certificate(self) -> tuple[str, str] | None:
        x509 = self._auth.x509
        if x509 is None:
            return None
        if x509.cert_path and x509.key_path:
            certificate = read_secret_file(x509.cert_path, "auth.x509.certPath", lambda _: None)
            return certificate, read_secret_file(x509.key_path, "auth.x509.keyPath", self._warn)
        if x509.cert and x509.key:
            return x509.cert, x509.key
        raise token_sources.incomplete_section("x509", "certPath and keyPath, or cert and key")

    def _user_and_password(self, user: str | None, spin: Login | None, section: str) -> tuple[str, str] | None:
        if user:
            return user, self._settings.password(self._warn)
        if spin is None:
            return None
        if not (spin.username and spin.password):
            raise token_sources.incomplete_section(section, "username and password")
        return spin.username, spin.password

    def _iap(self) -> BearerCredentials | None:
        credentials = token_sources.iap_from_settings(self._settings, self._warn)
        if credentials is None and self._enabled.iap:
            return token_sources.iap_from_spin(self._enabled.iap, self._warn)
        return credentials

    def _oauth2(self) -> BearerCredentials | None:
        if client := self._settings.oauth2:
            self._warn_if_unencrypted(client.token_url)
            return token_sources.oauth2_from_settings(client, self._warn)
        # The service account has a switch of its own, whatever auth.enabled is.
        account = self._auth.google_service_account
        if account and account.enabled and not self._has_own:
            return token_sources.service_account_from_spin(account, self._warn)
        spin, path = self._enabled.oauth2, spin_config_path(self._settings.spin_config)
        if spin is None or path is None:
            return None
        self._warn_if_unencrypted(spin.token_url or "")
        return token_sources.oauth2_from_spin(spin, path, self._warn, write=self._settings.spin_config_write)
