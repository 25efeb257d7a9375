"""``[sources.spinnaker]`` of dora.toml, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError

_SECTION = "[sources.spinnaker]"
_SECRETS = ("token", "password", "secret", "authorization")
Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one Gate, and how much of it to read.

    ``endpoint`` is Gate's address, ``deck`` the user interface's (for links); ``applications`` are globs.
    ``page_size`` executions are asked for at a time, ``overlap_minutes`` of history are read again on every run.
    The token comes from the environment variable named by ``token_env``, or from ``token_file``.
    """

    endpoint: str = "http://localhost:8084"
    deck: str | None = None
    applications: tuple[str, ...] = ("*",)
    requests_per_10s: NotNegative = 60
    page_size: Positive = 50
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    overlap_minutes: NotNegative = 60
    token_env: str = "DORA_GATE_TOKEN"  # noqa: S105 - the name of a variable
    token_file: str | None = None

    def token(self) -> str | None:
        """The API token, where there is one; raises ``UsageError`` where its file can not be read."""
        if not self.token_file:
            return os.environ.get(self.token_env) or None
        try:
            return Path(self.token_file).expanduser().read_text().strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"token_file {self.token_file} can not be read ({type(error).__name__}); nothing was fetched.",
                f"correct token_file in {_SECTION}.",
            ) from None


def checked(given: Mapping[str, Any]) -> Settings:
    """The settings of one Gate; raises ``UsageError`` for unknown keys, wrong values and secrets written down."""
    unknown = sorted(set(given) - set(Settings.__struct_fields__))
    if secret := next((key for key in unknown if any(word in key.lower() for word in _SECRETS)), None):
        raise UsageError(
            f"{_SECTION} holds a secret under {secret!r}; nothing was fetched.",
            "put it into the environment variable that token_env names, or into a token_file, and remove it here.",
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
    _check_endpoint(found.endpoint)
    return found


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{_SECTION}: endpoint is no http(s) address; nothing was fetched.", "correct it.")
    if parts.username or parts.password:
        raise UsageError(
            f"{_SECTION}: endpoint holds a user or password; nothing was fetched.", "use token_env or token_file."
        )
