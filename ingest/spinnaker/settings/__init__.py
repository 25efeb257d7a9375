"""``[sources.spinnaker]`` of dora.toml, validated."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError, suggest
from dora.unknown_keys import explain_unknown_key
from ingest.spinnaker.settings.credentials import SECTION, Credentials, check_headers

_TYPING_ERROR = 0.85  # similarity: token_evn is 0.89 like token_env, password is 0.8 like password_env
_SECRETS = ("token", "password", "secret", "authorization")
Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class Settings(Credentials, frozen=True, kw_only=True):
    """How to reach one Gate, and how much of it to read.

    ``endpoint`` is Gate's address, ``deck`` the address of the user interface (for links); ``applications`` are globs.
    A first page has ``page_size`` executions, the following as many as make ``page_bytes``. Every run reads the last
    ``overlap_minutes`` of history again, and executions that failed within ``restart_days``: they may have been
    restarted. ``commit_keys`` are labels, annotations, variables and parameters that hold the commit, beside the usual
    ones. ``Credentials`` has the settings for authentication.
    """

    endpoint: str = "http://localhost:8084"
    deck: str | None = None
    applications: tuple[str, ...] = ("*",)
    requests_per_10s: NotNegative = 60
    page_size: Positive = 50
    page_bytes: Positive = 6 << 20
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    overlap_minutes: NotNegative = 60
    restart_days: NotNegative = 3
    commit_keys: tuple[str, ...] = ()


def parse_settings(section: Mapping[str, Any]) -> Settings:
    """Return the settings of one Gate. Raises ``UsageError`` for unknown keys, invalid values and secrets."""
    keys = Settings.__struct_fields__
    unknown = sorted(set(section) - set(keys))
    if secret := next(filter(_names_secret, unknown), None):
        raise UsageError(
            f"{SECTION} holds a secret under {secret!r}; nothing was fetched.",
            "put it into an environment variable or a file, name that (token_env, token_file …), and remove it here.",
        )
    if unknown:
        raise UsageError(f"{SECTION} has no key {', '.join(unknown)}; nothing was fetched.", suggest(unknown[0], keys))
    try:
        settings = msgspec.convert(dict(section), Settings)
    except msgspec.ValidationError as error:
        problem, next_step = explain_unknown_key(error, Settings) or (f": {error}", "correct it in dora.toml.")
        raise UsageError(f"{SECTION}{problem}; nothing was fetched.", next_step) from None
    check_endpoint(settings.endpoint)
    check_headers(settings)
    return settings


def _names_secret(key: str) -> bool:
    """Whether an unknown key holds a secret; one that is a letter away from a key of ours is a typing error."""
    near = get_close_matches(key.lower(), Settings.__struct_fields__, n=1, cutoff=_TYPING_ERROR)
    names_variable = key.lower().endswith(("_env", "_file"))
    return not near and not names_variable and any(word in key.lower() for word in _SECRETS)


def check_endpoint(endpoint: str) -> None:
    """Raise ``UsageError`` if this is not an http(s) address, or holds a password."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{SECTION}: endpoint is not an http(s) address; nothing was fetched.", "correct it.")
    if parts.username or parts.password:
        raise UsageError(
            f"{SECTION}: endpoint holds a user or password; nothing was fetched.", "use token_env or token_file."
        )
