"""Where the dashboard is and who may see it: ``[dashboard]`` of dora.toml."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from dora.config.secret_files import read_secret
from dora.config.validation import convert
from dora.errors import UsageError, install_extra

LOGIN, SECRET, COOKIE = "DORA_LOGIN", "DORA_LOGIN_SECRET", "DORA_COOKIE_SECRET"
EMBED_FROM = "DORA_EMBED_FROM"
ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")  # nothing that ends a header's directive
CALLBACK = "oauth2callback"  # Streamlit's path for the redirect
LOGIN_PACKAGES = ("authlib", "httpx")
MIN_COOKIE_SECRET = 32  # characters; fewer can be guessed, and who guesses it can log in as anyone


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The OpenID Connect provider.

    ``metadata_url`` is its discovery document, ``client_id`` our id there. The client secret is in the variable
    ``client_secret_env`` or the file ``client_secret_file``; the cookie secret likewise. Without a cookie secret each
    start generates one, and users log in again; they also do after ``session_hours``. ``allowed`` has e-mail domains
    (``example.com``) and addresses; an empty list allows every user of the provider.
    """

    metadata_url: str
    client_id: str
    client_secret_env: str = SECRET
    client_secret_file: str | None = None
    cookie_secret_env: str = COOKIE
    cookie_secret_file: str | None = None
    session_hours: Annotated[float, msgspec.Meta(gt=0)] = 12.0
    allowed: list[str] = []


class DashboardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public address of the dashboard (``url``, such as https://metrics.example.com/dora), and the login.

    ``base_path`` is the path under which a proxy serves it; the default is that of ``url``. ``embed_from`` has the
    origins (https://wiki.example.com) whose pages may show the dashboard in a frame; by default there are none.
    """

    url: str | None = None
    base_path: str | None = None
    embed_from: list[str] = []
    login: Login | None = None

    @property
    def path(self) -> str:
        """The path without slashes at its ends; empty at the root."""
        return (urlsplit(self.url or "").path if self.base_path is None else self.base_path).strip("/")

    @property
    def host(self) -> str | None:
        """The host name in ``url``."""
        return urlsplit(self.url or "").hostname


def read_dashboard(table: Mapping[str, Any]) -> DashboardSettings:
    """Return the settings of ``[dashboard]``. Raises ``UsageError`` for invalid ones, and for a login without url."""
    settings: DashboardSettings = convert(table, DashboardSettings, "[dashboard]")
    parts = urlsplit(settings.url or "http://localhost")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise UsageError(f"[dashboard] url is not a web address: {settings.url}.", "write https://host/path.")
    for origin in settings.embed_from:
        if not ORIGIN.fullmatch(origin):
            raise UsageError(
                f"[dashboard] embed_from has {origin!r}, which is not an origin.",
                "write https://host or https://host:port, without a path.",
            )
    if settings.login and settings.url is None:
        raise UsageError(
            "[dashboard.login] needs the address to which the provider redirects users.", "set url under [dashboard]."
        )
    return settings


def login_environment(settings: DashboardSettings) -> dict[str, str]:
    """Return the environment variables of the dashboard's process, with the secrets; empty without a login.

    Raises ``UsageError`` if a package or a secret is missing.
    """
    login = settings.login
    if login is None:
        return {}
    missing = " and ".join(name for name in LOGIN_PACKAGES if find_spec(name) is None)
    if missing:
        raise UsageError(f"Login needs {missing}; nothing is served.", install_extra("login"))
    secret = read_secret(login.client_secret_env, login.client_secret_file, "nothing is served")
    if not secret:
        raise UsageError(
            f"Login needs the client secret; nothing is served. ${login.client_secret_env} is empty.",
            "set it, or name a file as client_secret_file; never write the secret into dora.toml.",
        )
    cookie = read_secret(login.cookie_secret_env, login.cookie_secret_file, "nothing is served")
    cookie = cookie or secrets.token_urlsafe(MIN_COOKIE_SECRET)
    if len(cookie) < MIN_COOKIE_SECRET:
        raise UsageError(
            f"The cookie secret has fewer than {MIN_COOKIE_SECRET} characters; nothing is served.",
            "generate one: openssl rand -hex 32.",
        )
    redirect = f"{(settings.url or '').rstrip('/')}/{CALLBACK}"
    provider = {
        "metadata_url": login.metadata_url, "client_id": login.client_id, "redirect_uri": redirect,
        "allowed": login.allowed, "session_hours": login.session_hours,
    }  # fmt: skip
    return {LOGIN: json.dumps(provider), SECRET: secret, COOKIE: cookie}
