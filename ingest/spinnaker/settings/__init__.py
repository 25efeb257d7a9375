"""``[sources.spinnaker]`` of dora.toml, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError
from ingest.spinnaker.settings.credentials import Credentials, check_headers

_SECTION = "[sources.spinnaker]"
_SECRETS = ("token", "password", "secret", "authorization")
Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class Settings(Credentials, frozen=True, kw_only=True):
    """How to reach one Gate, and how much of it to read.

    ``endpoint`` is Gate's address, ``deck`` the user interface's (for links); ``applications`` are globs.
    ``page_size`` executions are asked for at first, then as many as make ``page_bytes``. ``overlap_minutes`` of
    history are read again on every run, and what failed within ``restart_days`` is: it may have been restarted.
    ``commit_keys`` are labels, annotations, variables and parameters under which your teams write the commit, beside
    the usual ones. How Gate knows us is told by the settings of ``Credentials``.
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


def checked(given: Mapping[str, Any]) -> Settings:
    """The settings of one Gate; raises ``UsageError`` for unknown keys, wrong values and secrets written down."""
    unknown = sorted(set(given) - set(Settings.__struct_fields__))
    if secret := next((key for key in unknown if any(word in key.lower() for word in _SECRETS)), None):
        raise UsageError(
            f"{_SECTION} holds a secret under {secret!r}; nothing was fetched.",
            "put it into an environment variable or a file, name that (token_env, token_file …), and remove it here.",
        )
    if unknown:
        raise UsageError(
            f"{_SECTION} has no setting {', '.join(unknown)}; nothing was fetched.",
            f"use {', '.join(Settings.__struct_fields__)}.",
        )
    try:
        found = msgspec.convert(dict(given), Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"{_SECTION}: {error}; nothing was fetched.", "correct it in dora.toml.") from None
    check_endpoint(found.endpoint)
    check_headers(found)
    return found


def check_endpoint(endpoint: str) -> None:
    """Raises ``UsageError`` where this is no http(s) address, or one that holds a password."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{_SECTION}: endpoint is no http(s) address; nothing was fetched.", "correct it.")
    if parts.username or parts.password:
        raise UsageError(
            f"{_SECTION}: endpoint holds a user or password; nothing was fetched.", "use token_env or token_file."
        )
