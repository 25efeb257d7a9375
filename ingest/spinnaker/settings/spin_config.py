"""``~/.spin/config`` as the command `spin` reads it: environment variables expanded, unknown keys refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from dora.errors import UsageError
from ingest.core.paths import at_home
from ingest.spinnaker.settings import secret

PATH = "~/.spin/config"
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|\{|([*#$@!?0-9-]|[A-Za-z_][A-Za-z0-9_]*))")


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class CachedToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token as spin keeps it; ``expiry`` is None where it never ends."""

    access_token: str | None = None
    token_type: str | None = None
    refresh_token: str | None = None
    expiry: datetime | None = None

    def __repr__(self) -> str:
        return "CachedToken(…)"


class X509(_Part, frozen=True):
    """A client certificate: two paths, or two PEM texts."""

    cert_path: str | None = None
    key_path: str | None = None
    cert: str | None = None
    key: str | None = None


class OAuth2(_Part, frozen=True):
    """A client of an identity provider, and the token that spin has cached."""

    token_url: str | None = None
    auth_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scopes: list[str] | None = None
    provider: str | None = None
    cached_token: CachedToken | None = None


class Login(_Part, frozen=True):
    """User and password."""

    username: str | None = None
    password: str | None = None


class ApiToken(_Part, frozen=True):
    """A token that Gate has given out."""

    token: str | None = None


class Iap(_Part, frozen=True):
    """Google's Identity-Aware Proxy."""

    oauth_client_id: str | None = None
    oauth_client_secret: str | None = None
    iap_client_id: str | None = None
    iap_client_refresh: str | None = None
    iap_id_token: str | None = None
    service_account_key_path: str | None = None
    cached_token: CachedToken | None = None


class ServiceAccount(_Part, frozen=True):
    """A Google service account."""

    enabled: bool = False
    file: str | None = None
    cached_token: CachedToken | None = None


class Auth(_Part, frozen=True):
    """The ways in; which of them count, ``enabled`` decides."""

    enabled: bool = False
    ignore_cert_errors: bool = False
    ignore_redirects: bool = False
    x509: X509 | None = None
    oauth2: OAuth2 | None = None
    basic: Login | None = None
    ldap: Login | None = None
    api_token: ApiToken | None = None
    iap: Iap | None = None
    google_service_account: ServiceAccount | None = msgspec.field(default=None, name="google_service_account")


class Endpoint(_Part, frozen=True):
    """Gate's address; ``retry_timeout`` is for commands that wait for a task."""

    endpoint: str | None = None
    retry_timeout: int | None = None


class Spin(_Part, frozen=True):
    """The whole file."""

    gate: Endpoint | None = None
    auth: Auth | None = None


def load(path: str, warn: secret.Warn) -> Spin:
    """What a file of spin says; raises ``UsageError``, in whose message nothing of the file's values appears."""
    import yaml  # noqa: PLC0415 - only who has such a file needs it

    text = expanded(secret.read(path, "spin_config", warn), os.environ)
    try:
        if line := next(_repeated(yaml.compose(text, yaml.SafeLoader)), None):
            raise _wrong(path, f"line {line} has a key that its section has already")
        return msgspec.convert(yaml.safe_load(text) or {}, Spin)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f"line {line + 1}" if line is not None else "it"
        raise _wrong(path, f"{where} is no YAML") from None
    except (msgspec.ValidationError, RecursionError) as error:
        raise _wrong(path, str(error)) from None


def keep(path: str, token: Mapping[str, Any]) -> None:
    """Cache a new OAuth2 token where spin looks for it; variables stay variables, comments are lost as with spin.

    Some providers take a refresh token once: without this, spin would have to log in again after a run of ours.
    Raises ``UsageError`` where the file can not be written.
    """
    import yaml  # noqa: PLC0415 - see load

    try:
        told = yaml.safe_load(at_home(path).read_text())
        told["auth"]["oauth2"]["cachedToken"] = dict(token)
        secret.write(path, yaml.safe_dump(told, sort_keys=False))
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise _wrong(path, f"the new token can not be cached there ({type(error).__name__})") from None


def _repeated(top: Any) -> Iterator[int]:
    """Lines of keys that their object has already: spin's reader refuses them, ours would take the last one."""
    todo, met = [top], set()
    while todo:
        node = todo.pop()
        if node is None or isinstance(node.value, str) or id(node) in met:
            continue
        met.add(id(node))
        pairs = node.value if node.id == "mapping" else ()
        keys = [key.value for key, _ in pairs]
        yield from (key.start_mark.line + 1 for nth, (key, _) in enumerate(pairs) if key.value in keys[:nth])
        todo += [value for _, value in pairs] if pairs else node.value


def expanded(text: str, environment: Mapping[str, Any]) -> str:
    """``$NAME`` and ``${NAME}`` become the values of variables, nothing where there is none; ``$$`` and ``$1`` too."""
    return _VARIABLE.sub(lambda found: str(environment.get(found[1] or found[2] or "", "")), text)


def path_of(setting: bool | str) -> str | None:
    """The file that the setting ``spin_config`` means; None where it says no."""
    return (PATH if setting else None) if isinstance(setting, bool) else str(Path(setting))


def _wrong(path: str, what: str) -> UsageError:
    return UsageError(f"{path}: {what}; nothing was fetched.", "correct it: spin itself reads it as strictly.")
