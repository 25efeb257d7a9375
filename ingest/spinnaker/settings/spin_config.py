"""``~/.spin/config`` as the command `spin` reads it: environment variables expanded, unknown keys rejected."""

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
from ingest.spinnaker.settings.credentials import Warn, read_secret_file, write_secret_file

PATH = "~/.spin/config"
# What Go's os.ExpandEnv replaces: $NAME, ${NAME}, and one special character or digit after a dollar.
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|\{|([*#$@!?0-9-]|[A-Za-z_][A-Za-z0-9_]*))")


class _Section(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class CachedToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token in spin's cache; ``expiry`` is None if it does not expire."""

    access_token: str | None = None
    token_type: str | None = None
    refresh_token: str | None = None
    expiry: datetime | None = None

    def __repr__(self) -> str:
        return "CachedToken(…)"


class X509(_Section, frozen=True):
    """A client certificate: two paths, or two PEM texts."""

    cert_path: str | None = None
    key_path: str | None = None
    cert: str | None = None
    key: str | None = None


class OAuth2(_Section, frozen=True):
    """A client of an identity provider, and the token in spin's cache."""

    token_url: str | None = None
    auth_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scopes: list[str] | None = None
    provider: str | None = None
    cached_token: CachedToken | None = None


class Login(_Section, frozen=True):
    """User and password."""

    username: str | None = None
    password: str | None = None


class _ApiToken(_Section, frozen=True):
    token: str | None = None


class Iap(_Section, frozen=True):
    """Google's Identity-Aware Proxy."""

    oauth_client_id: str | None = None
    oauth_client_secret: str | None = None
    iap_client_id: str | None = None
    iap_client_refresh: str | None = None
    iap_id_token: str | None = None
    service_account_key_path: str | None = None
    cached_token: CachedToken | None = None


class ServiceAccount(_Section, frozen=True):
    """A Google service account."""

    enabled: bool = False
    file: str | None = None
    cached_token: CachedToken | None = None


class Auth(_Section, frozen=True):
    """All ways to authenticate; spin uses most of them only if ``enabled``."""

    enabled: bool = False
    ignore_cert_errors: bool = False
    ignore_redirects: bool = False
    x509: X509 | None = None
    oauth2: OAuth2 | None = None
    basic: Login | None = None
    ldap: Login | None = None
    api_token: _ApiToken | None = None
    iap: Iap | None = None
    google_service_account: ServiceAccount | None = msgspec.field(default=None, name="google_service_account")


class _Endpoint(_Section, frozen=True):
    endpoint: str | None = None
    retry_timeout: int | None = None  # for commands of spin that wait for a task


class Spin(_Section, frozen=True):
    """The complete file."""

    gate: _Endpoint | None = None
    auth: Auth | None = None


def read_spin_config(path: str, warn: Warn) -> Spin:
    """Return the content of a file of spin. Raises ``UsageError`` that repeats none of its values."""
    import yaml  # noqa: PLC0415 - only users with such a file need it

    text = expand_variables(read_secret_file(path, "spin_config", warn), os.environ)
    try:
        if line := next(_find_duplicate_keys(yaml.compose(text, yaml.SafeLoader)), None):
            raise _invalid(path, f"line {line} repeats a key of its section")
        return msgspec.convert(yaml.safe_load(text) or {}, Spin)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise _invalid(path, f"{f'line {line + 1}' if line is not None else 'it'} is not YAML") from None
    except (msgspec.ValidationError, RecursionError) as error:
        raise _invalid(path, str(error)) from None


def write_cached_token(path: str, token: Mapping[str, Any]) -> None:
    """Cache a new OAuth2 token for spin. Variables stay variables; comments are lost, as with spin.

    Some providers accept a refresh token once: without this, spin would have to log in again after a run.
    Raises ``UsageError`` if the file can not be written.
    """
    import yaml  # noqa: PLC0415 - see read_spin_config

    try:
        content = yaml.safe_load(at_home(path).read_text())
        content["auth"]["oauth2"]["cachedToken"] = dict(token)
        write_secret_file(path, yaml.safe_dump(content, sort_keys=False))
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise _invalid(path, f"the new token can not be cached there ({type(error).__name__})") from None


def _find_duplicate_keys(root: Any) -> Iterator[int]:
    """Yield the lines of duplicate keys: spin's parser rejects them, PyYAML would use the last one."""
    pending, visited = [root], set()
    while pending:
        node = pending.pop()
        if node is None or isinstance(node.value, str) or id(node) in visited:
            continue
        visited.add(id(node))
        pairs = node.value if node.id == "mapping" else ()
        keys = [key.value for key, _ in pairs]
        yield from (key.start_mark.line + 1 for nth, (key, _) in enumerate(pairs) if key.value in keys[:nth])
        pending += [value for _, value in pairs] if pairs else node.value


def expand_variables(text: str, environment: Mapping[str, Any]) -> str:
    """Replace ``$NAME`` and ``${NAME}`` by their values; unknown names, ``$$`` and ``$1`` become empty."""
    return _VARIABLE.sub(lambda match: str(environment.get(match[1] or match[2] or "", "")), text)


def spin_config_path(setting: bool | str) -> str | None:
    """Return the file that the setting ``spin_config`` names, None if it is false."""
    return (PATH if setting else None) if isinstance(setting, bool) else str(Path(setting))


def _invalid(path: str, what: str) -> UsageError:
    return UsageError(f"{path}: {what}; nothing was fetched.", "correct it: spin rejects it as well.")
