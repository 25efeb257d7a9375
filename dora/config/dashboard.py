"""How people reach the dashboard: its address behind a proxy, and who may see it. ``[dashboard]`` of dora.toml."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from dora.errors import UsageError

LOGIN, SECRET, COOKIE = "DORA_LOGIN", "DORA_LOGIN_SECRET", "DORA_COOKIE_SECRET"
CALLBACK = "oauth2callback"
NEEDED = ("authlib", "httpx")
LEAST = 32  # characters of what signs a cookie
Table = TypeVar("Table")


@dataclass(frozen=True, slots=True)
class Login:
    """The provider (OpenID Connect) that says who somebody is.

    ``metadata_url`` is its discovery document, ``client_id`` our name there. Our secret is in the variable
    ``client_secret_env`` or the file ``client_secret_file``, what signs cookies in the same way; where nothing does,
    each start draws a secret of its own, and people log in again. ``allowed`` has domains (``example.com``) and
    addresses of e-mail; an empty one lets in everybody whom the provider knows.
    """

    metadata_url: str
    client_id: str
    client_secret_env: str = SECRET
    client_secret_file: str | None = None
    cookie_secret_env: str = COOKIE
    cookie_secret_file: str | None = None
    allowed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Front:
    """Where people open the dashboard (``url``, such as https://metrics.example.com/dora), and how they log in.

    ``base_path`` is the path under which a proxy serves it, that of ``url`` where it is not set.
    """

    url: str | None = None
    base_path: str | None = None
    login: Login | None = None

    @property
    def path(self) -> str:
        """The path without slashes around it; empty at the root."""
        return (urlsplit(self.url or "").path if self.base_path is None else self.base_path).strip("/")

    @property
    def host(self) -> str | None:
        """The name of the machine in ``url``."""
        return urlsplit(self.url or "").hostname


def front(given: dict[str, Any]) -> Front:
    """Read the table. Raises ``UsageError`` for a key that nobody reads, and for a login without an address."""
    found = _table(Front, "dashboard", {name: value for name, value in given.items() if name != "login"})
    parts = urlsplit(found.url or "http://localhost")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise UsageError(f"dashboard.url is no address of the web: {found.url}.", "write https://host/path.")
    if "login" not in given:
        return found
    if found.url is None:
        raise UsageError("dashboard.login needs to know where people come back to.", "set url under [dashboard].")
    login = _table(Login, "dashboard.login", given["login"])
    if not isinstance(login.allowed, list) or not all(isinstance(one, str) for one in login.allowed):
        raise UsageError("dashboard.login.allowed is no list of domains and addresses.", 'write ["example.com"].')
    return replace(found, login=login)


def environment(where: Front) -> dict[str, str]:
    """What the dashboard's process is told, secrets among it. Raises ``UsageError`` where one is missing."""
    login = where.login
    if login is None:
        return {}
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Login needs {' and '.join(missing)}; nothing is served.", "pip install 'delivery-metrics[login]'."
        )
    secret = _secret(login.client_secret_env, login.client_secret_file)
    if not secret:
        raise UsageError(
            f"Login needs the client's secret; nothing is served. ${login.client_secret_env} is empty.",
            "set it, or name a file as client_secret_file; never write the secret into dora.toml.",
        )
    cookie = _secret(login.cookie_secret_env, login.cookie_secret_file) or secrets.token_urlsafe(LEAST)
    if len(cookie) < LEAST:
        raise UsageError(f"What signs cookies has fewer than {LEAST} characters.", "draw one: openssl rand -hex 32.")
    told = {
        "metadata_url": login.metadata_url,
        "client_id": login.client_id,
        "redirect_uri": f"{(where.url or '').rstrip('/')}/{CALLBACK}",
        "allowed": login.allowed,
    }
    return {LOGIN: json.dumps(told), SECRET: secret, COOKIE: cookie}


def _secret(variable: str, file: str | None) -> str:
    """The text of a file, else of a variable; empty where there is neither."""
    if file is None:
        return os.environ.get(variable, "").strip()
    try:
        return Path(file).expanduser().read_text().strip()
    except OSError as error:
        raise UsageError(f"{file} can not be read: {error.strerror}; nothing is served.", "correct it.") from None


def _table(kind: type[Table], name: str, given: Any) -> Table:
    """A table of dora.toml; every key must be one of the kind's, and those without a default must be there."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(given, dict) or set(given) - known:
        unknown = ", ".join(sorted(set(given) - known)) if isinstance(given, dict) else f"{given!r}"
        raise UsageError(f"[{name}] has what nobody reads: {unknown}.", f"use {', '.join(sorted(known))}.")
    try:
        return kind(**given)
    except TypeError:
        raise UsageError(f"[{name}] is not whole.", "set metadata_url and client_id.") from None
