"""From settings and spin's configuration to a bearer token, and to the flow that gives the next one."""

from __future__ import annotations

import os

from dora.errors import UsageError
from ingest.spinnaker.auth.authenticators import BearerCredentials, TokenSource
from ingest.spinnaker.auth.service_account import IdTokenSource, SelfSignedTokenSource, ServiceAccount
from ingest.spinnaker.auth.token_store import FileStore, MemoryStore, RefreshTokenStore, SpinConfigStore
from ingest.spinnaker.auth.tokens import OAuthClient, RefreshTokenSource, Token, TokenEndpoint
from ingest.spinnaker.settings import spin_config
from ingest.spinnaker.settings.credentials import SECTION, Credentials, OAuth2Settings, Warn, read_secret_variable
from ingest.spinnaker.settings.spin_config import CachedToken, Iap, OAuth2

GOOGLE_OAUTH_URL = "https://www.googleapis.com/oauth2/v4/token"  # the one that spin uses
FILE_HINT = (
    "set refresh_token_file in [sources.spinnaker.oauth2] to a file that holds it; each new one is stored there."
)
EXPIRED_HINT = f"store a new refresh token. If the provider accepts each only once, {FILE_HINT}"
IAP_HINT = "put a new iapClientRefresh into spin's configuration."


def oauth2_from_settings(settings: OAuth2Settings, warn: Warn) -> BearerCredentials:
    """Return the credentials of ``[sources.spinnaker.oauth2]``. Raises ``UsageError`` if it has no token."""
    access_token = os.environ.get(settings.access_token_env or "", "").strip()
    refresh_token = os.environ.get(settings.refresh_token_env, "").strip()
    store: RefreshTokenStore | None = None
    if settings.refresh_token_file:
        store = FileStore(settings.refresh_token_file, warn)
    elif refresh_token:
        store = MemoryStore(refresh_token, warn, FILE_HINT)
    elif not access_token:
        read_secret_variable(settings.refresh_token_env, "oauth2.refresh_token_env")
    secret_env = settings.client_secret_env
    secret = read_secret_variable(secret_env, "oauth2.client_secret_env") if secret_env else ""
    endpoint = TokenEndpoint(url=settings.token_url, hint=EXPIRED_HINT, ca_file=settings.ca_file)
    client = OAuthClient(id=settings.client_id, secret=secret)
    return BearerCredentials(
        token=Token(access_token) if access_token else None,
        source=RefreshTokenSource(endpoint, client, store) if store else None,
        login_path=settings.login,
        hint=f"put a new one into {settings.access_token_env}, or give a refresh token: {FILE_HINT}",
    )


def oauth2_from_spin(spin: OAuth2, path: str, warn: Warn, *, write: bool) -> BearerCredentials:
    """Return the credentials of spin's ``auth.oauth2``. Raises ``UsageError`` if spin has cached no token."""
    option = "" if path == spin_config.PATH else f" --config {path}"
    # The authorization code flow needs a browser; spin has a command for it, and stores the tokens.
    hint = f"log in with a browser by running `spin{option} application list`, then repeat the command."
    cached = spin.cached_token
    if cached is None or not (cached.access_token or cached.refresh_token):
        raise UsageError(f"{path} has no cached token under auth.oauth2; nothing was fetched.", hint)
    source = None
    if cached.refresh_token and spin.token_url:
        write_hint = "set spin_config_write = true in [sources.spinnaker] to store it in spin's configuration."
        store = SpinConfigStore(path) if write else MemoryStore(cached.refresh_token, warn, write_hint)
        client = OAuthClient(id=spin.client_id or "", secret=spin.client_secret or "")
        source = RefreshTokenSource(TokenEndpoint(url=spin.token_url, hint=hint), client, store)
    # Gate since 2025.2 has one login path per provider, older ones have /login alone.
    login_path = f"/login/oauth2/code/{spin.provider}" if spin.provider else "/login"
    return BearerCredentials(token=_parse_cached_token(cached), source=source, login_path=login_path, hint=hint)


def iap_from_settings(settings: Credentials, warn: Warn) -> BearerCredentials | None:
    """Return the credentials of ``iap_token_env``, or ``iap_key_file`` and ``iap_audience``; None if neither is set."""
    if settings.iap_token_env:
        token = Token(read_secret_variable(settings.iap_token_env, "iap_token_env"))
        hint = f"put a new one into {settings.iap_token_env}, or set iap_key_file."
        return BearerCredentials(token=token, hint=hint)
    if not (settings.iap_key_file or settings.iap_audience):
        return None
    if not (settings.iap_key_file and settings.iap_audience):
        raise UsageError(f"{SECTION} has only one of iap_key_file and iap_audience; nothing was fetched.", "set both.")
    account = ServiceAccount(settings.iap_key_file, "iap_key_file", warn)
    return BearerCredentials(source=IdTokenSource(account, settings.iap_audience))


def iap_from_spin(spin: Iap, warn: Warn) -> BearerCredentials:
    """Return the credentials of spin's ``auth.iap``: an id token, and a service account or else a refresh token."""
    audience = spin.iap_client_id or ""
    source: TokenSource | None = None
    if spin.service_account_key_path and audience:
        account = ServiceAccount(spin.service_account_key_path, "auth.iap.serviceAccountKeyPath", warn)
        source = IdTokenSource(account, audience)
    elif spin.iap_client_refresh:
        endpoint = TokenEndpoint(url=GOOGLE_OAUTH_URL, hint=IAP_HINT, response_field="id_token")
        client = OAuthClient(
            id=spin.oauth_client_id or "",
            secret=spin.oauth_client_secret or "",
            parameters={"audience": audience},
        )
        source = RefreshTokenSource(endpoint, client, MemoryStore(spin.iap_client_refresh, warn, IAP_HINT))
    elif not spin.iap_id_token:
        raise incomplete_section("iap", "serviceAccountKeyPath with iapClientId, iapClientRefresh or iapIdToken")
    return BearerCredentials(token=Token(spin.iap_id_token) if spin.iap_id_token else None, source=source)


def service_account_from_spin(spin: spin_config.ServiceAccount, warn: Warn) -> BearerCredentials:
    """Return the credentials of spin's ``auth.google_service_account``: an assertion that opens a session."""
    if not spin.file:
        raise incomplete_section("google_service_account", "file; default credentials of this machine are not used")
    source = SelfSignedTokenSource(ServiceAccount(spin.file, "auth.google_service_account.file", warn))
    return BearerCredentials(token=_parse_cached_token(spin.cached_token), source=source, login_path="/login")


def incomplete_section(section: str, required: str) -> UsageError:
    """Return the error of a section of spin's configuration that lacks ``required`` values."""
    return UsageError(
        f"spin's configuration: auth.{section} is incomplete or not supported; nothing was fetched.",
        f"give {required}.",
    )


def _parse_cached_token(cached: CachedToken | None) -> Token | None:
    if cached is None or not cached.access_token:
        return None
    # Go writes its zero time, the year 1, for a token that does not expire.
    return Token(cached.access_token, cached.expiry if cached.expiry and cached.expiry.year > 1 else None)
