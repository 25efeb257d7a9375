"""The settings that every source of incidents has, and its token."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError
from ingest.core.paths import at_home

NotNegative = Annotated[int, msgspec.Meta(ge=0)]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What does not change which incidents are read, or what they are.
_OF_ACCESS = {
    "endpoint", "user", "token_env", "token_file", "ca_file", "since_days", "overlap_minutes", "timeout_seconds",
    "requests_per_10s",
}  # fmt: skip


class IncidentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where incidents are, whose they are and which of them count.

    ``services`` has the application of each service, by name or glob; incidents of services that ``ignore`` matches do
    not count, and neither do those of a severity that ``severities``, if any, do not match. The first run goes back
    ``since_days``; each run reads what changed in the last ``overlap_minutes`` of the one before again, as search
    indexes lag.
    """

    default_endpoint: ClassVar[str] = ""

    services: dict[str, str]
    endpoint: str = ""
    ignore: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    since_days: NotNegative = 90
    overlap_minutes: NotNegative = 60
    token_env: str = ""
    token_file: str | None = None
    ca_file: str | None = None
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    requests_per_10s: NotNegative = 100

    def fingerprint(self) -> str:
        """Return a hash of the settings that decide which incidents count, and for which application."""
        values = {name: value for name, value in msgspec.structs.asdict(self).items() if name not in _OF_ACCESS}
        return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()[:16]


def check_endpoint(endpoint: str, section: str) -> None:
    """Raise ``UsageError`` unless this is an https address without user and password; http is for this machine."""
    parts = urlsplit(endpoint)
    if parts.username or parts.password:
        raise UsageError(
            f"{section}: endpoint holds a user or password; nothing was fetched.", "use token_env or token_file."
        )
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(
            f"{section}: endpoint must be an https:// address; nothing was fetched.",
            "write it as dora.example.toml does.",
        )


def read_token(settings: IncidentSettings, section: str, warn: Callable[[str], None]) -> str:
    """Return the token; ``warn`` if other users can read its file. Raises ``UsageError`` if there is none."""
    place = settings.token_file or f"The environment variable {settings.token_env}"
    try:
        token = _read_file(settings.token_file, warn) if settings.token_file else os.environ.get(settings.token_env, "")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"token_file {settings.token_file} can not be read ({type(error).__name__}); nothing was fetched.",
            f"correct token_file in {section}.",
        ) from None
    token = token.strip()
    if not token:
        what = "is empty" if settings.token_file or settings.token_env in os.environ else "is not set"
        next_step = f"put the token there, or set token_env or token_file in {section}."
        raise UsageError(f"{place} {what}; nothing was fetched.", next_step)
    if not (token.isascii() and token.isprintable()):
        raise UsageError(f"{place} holds no token but other text; nothing was fetched.", "put the token alone there.")
    return token


def _read_file(path: str, warn: Callable[[str], None]) -> str:
    file: Path = at_home(path)
    if file.stat().st_mode & 0o077:
        warn(f"Other users can read {path}: run chmod 600 on it.")
    return file.read_text()
