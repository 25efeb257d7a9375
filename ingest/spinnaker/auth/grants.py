"""From settings and spin's configuration to the token that Gate is shown, and to whoever gives the next one."""

from __future__ import annotations

import os

from dora.errors import UsageError
from ingest.spinnaker.auth.login import Grant
from ingest.spinnaker.auth.service_account import Account, Identity, SelfSigned
from ingest.spinnaker.auth.token_store import InFile, InMemory, InSpin, Store
from ingest.spinnaker.auth.tokens import Issuer, Provider, Refresh, Registration, Token
from ingest.spinnaker.settings import secret, spin_config
from ingest.spinnaker.settings.credentials import Client, Credentials
from ingest.spinnaker.settings.spin_config import CachedToken, Iap, OAuth2, ServiceAccount

GOOGLE_TOKENS = "https://www.googleapis.com/oauth2/v4/token"
KEEP = "name a file that holds it as refresh_token_file under [sources.spinnaker.oauth2]; each new one is kept there."
NEW = "put a new refresh token where the last one was. Where each is good for one use, it has to be a file:"
BROWSER = (
    "a login in a browser has no place here, so let spin do it: run `spin{} application list` and log in, then repeat."
)


def own_oauth2(client: Client, warn: secret.Warn) -> Grant:
    """By ``[sources.spinnaker.oauth2]``; raises ``UsageError`` where neither token is there."""
    access = _value(client.access_token_env)
    store = _own_store(client, warn)
    if not (access or store):
        secret.from_environment(client.refresh_token_env, "oauth2.refresh_token_env")
    provider = Provider(url=client.token_url, mend=f"{NEW} {KEEP}", ca_file=client.ca_file)
    variable = client.client_secret_env
    kept = secret.from_environment(variable, "oauth2.client_secret_env") if variable else ""
    who = Registration(id=client.client_id, secret=kept)
    return Grant(
        token=Token(access) if access else None,
        issuer=Refresh(provider, who, store) if store else None,
        login=client.login,
        mend=f"put a new one into {client.access_token_env}, or give a refresh token: {KEEP}",
    )


def _own_store(client: Client, warn: secret.Warn) -> Store | None:
    if client.refresh_token_file:
        return InFile(client.refresh_token_file, warn)
    token = _value(client.refresh_token_env)
    return InMemory(token, warn, KEEP) if token else None


def spin_oauth2(spin: OAuth2, path: str, warn: secret.Warn, *, writes: bool) -> Grant:
    """By spin's ``auth.oauth2``, with the token that spin has cached; raises ``UsageError`` where there is none."""
    cached, browser = spin.cached_token, BROWSER.format("" if path == spin_config.PATH else f" --config {path}")
    if cached is None or not (cached.access_token or cached.refresh_token):
        raise UsageError(f"{path} has no cached token under auth.oauth2; nothing was fetched.", browser)
    issuer = None
    if cached.refresh_token and spin.token_url:
        instead = "set spin_config_write = true in [sources.spinnaker], so that it is kept in spin's own configuration."
        store = InSpin(path) if writes else InMemory(cached.refresh_token, warn, instead)
        who = Registration(id=spin.client_id or "", secret=spin.client_secret or "")
        issuer = Refresh(Provider(url=spin.token_url, mend=browser), who, store)
    return Grant(
        token=_cached(cached),
        issuer=issuer,
        login=f"/login/oauth2/code/{spin.provider}" if spin.provider else "/login",
        mend=browser,
    )


def own_iap(given: Credentials, warn: secret.Warn) -> Grant | None:
    """By ``iap_token_env``, or ``iap_key_file`` and ``iap_audience``; None where there is neither."""
    if given.iap_token_env:
        token = Token(secret.from_environment(given.iap_token_env, "iap_token_env"))
        return Grant(token=token, mend=f"put a new one into {given.iap_token_env}, or give iap_key_file.")
    if not (given.iap_key_file or given.iap_audience):
        return None
    if not (given.iap_key_file and given.iap_audience):
        raise UsageError(
            f"{secret.SECTION} has only one of iap_key_file and iap_audience; nothing was fetched.", "give both."
        )
    return Grant(issuer=Identity(Account(given.iap_key_file, "iap_key_file", warn), given.iap_audience))


def spin_iap(spin: Iap, warn: secret.Warn) -> Grant:
    """By spin's ``auth.iap``: an id token, else a service account, else a refresh token, in spin's order."""
    audience = spin.iap_client_id or ""
    issuer: Issuer | None = None
    if spin.service_account_key_path and audience:
        issuer = Identity(Account(spin.service_account_key_path, "auth.iap.serviceAccountKeyPath", warn), audience)
    elif spin.iap_client_refresh:
        issuer = _spin_iap_refresh(spin, audience, warn)
    elif not spin.iap_id_token:
        raise incomplete(
            "iap", "serviceAccountKeyPath with iapClientId, iapClientRefresh or iapIdToken: nobody can log in here"
        )
    return Grant(token=Token(spin.iap_id_token) if spin.iap_id_token else None, issuer=issuer)


def _spin_iap_refresh(spin: Iap, audience: str, warn: secret.Warn) -> Refresh:
    more = {"audience": audience}
    who = Registration(id=spin.oauth_client_id or "", secret=spin.oauth_client_secret or "", more=more)
    provider = Provider(
        url=GOOGLE_TOKENS, mend="put a new iapClientRefresh into spin's configuration.", wanted="id_token"
    )
    store = InMemory(spin.iap_client_refresh or "", warn, "put a new iapClientRefresh into spin's configuration.")
    return Refresh(provider, who, store)


def spin_google(spin: ServiceAccount, warn: secret.Warn) -> Grant:
    """By spin's ``auth.google_service_account``: an assertion, which Gate makes a session of."""
    if not spin.file:
        raise incomplete("google_service_account", "its file: credentials of the machine are not looked for")
    issuer = SelfSigned(Account(spin.file, "auth.google_service_account.file", warn))
    return Grant(token=_cached(spin.cached_token), issuer=issuer, login="/login")


def incomplete(section: str, needed: str) -> UsageError:
    """The error of a section of spin's configuration with which nobody can be let in."""
    return UsageError(
        f"spin's configuration: auth.{section} is incomplete or not supported; nothing was fetched.", f"give {needed}."
    )


def _cached(found: CachedToken | None) -> Token | None:
    """What spin has cached; it writes the year 1 where a token does not end."""
    if found is None or not found.access_token:
        return None
    return Token(found.access_token, found.expiry if found.expiry and found.expiry.year > 1 else None)


def _value(variable: str | None) -> str | None:
    return os.environ.get(variable, "").strip() or None if variable else None
