"""Where a refresh token is stored between runs: a provider may rotate it, and then only the latest is valid."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dora.errors import UsageError
from ingest.core.paths import at_home
from ingest.spinnaker.settings.credentials import Warn, read_secret_file, write_secret_file
from ingest.spinnaker.settings.spin_config import read_spin_config, write_cached_token


class MemoryStore:
    """Stores a rotated token until the end of the run only, and warns once that it is lost then."""

    def __init__(self, token: str, warn: Warn, hint: str) -> None:
        self._token, self._warn, self._hint = token, warn, hint

    def load(self) -> str:
        """Return the token that was saved last."""
        return self._token

    def save(self, token: Mapping[str, Any]) -> None:
        """Keep the token until the end of the run."""
        if token["refresh_token"] != self._token:
            self._warn(f"the identity provider replaced the refresh token, and the new one is lost: {self._hint}")
            self._warn = _ignore
        self._token = token["refresh_token"]


class FileStore:
    """A file that holds only the token; read anew each time, since another run may have replaced it."""

    def __init__(self, path: str, warn: Warn) -> None:
        self._path, self._warn = path, warn

    def load(self) -> str:
        """Return the token in the file, after checking that it can be replaced: using it may invalidate it."""
        token = read_secret_file(self._path, "oauth2.refresh_token_file", self._warn).strip()
        self._warn = _ignore
        if not token:
            raise UsageError(f"{self._path} is empty; nothing was fetched.", "put a refresh token into it.")
        if not os.access(at_home(self._path).resolve().parent, os.W_OK):
            raise UsageError(
                f"{self._path} can not be replaced; nothing was fetched.", "let this user write in its folder."
            )
        return token

    def save(self, token: Mapping[str, Any]) -> None:
        """Replace the file."""
        try:
            write_secret_file(self._path, token["refresh_token"] + "\n")
        except OSError as error:
            raise UsageError(
                f"The new refresh token can not be written to {self._path} ({type(error).__name__}); nothing was "
                "fetched.",
                "free space there, then put a new refresh token into it.",
            ) from None


class SpinConfigStore:
    """The token cache in spin's own configuration."""

    def __init__(self, path: str) -> None:
        self._path = path

    def load(self) -> str:
        """Return the token in spin's cache."""
        auth = read_spin_config(self._path, _ignore).auth
        cached = auth.oauth2.cached_token if auth and auth.oauth2 else None
        if not (cached and cached.refresh_token):
            raise UsageError(f"{self._path} no longer has a refresh token.", "log in again with spin.")
        return cached.refresh_token

    def save(self, token: Mapping[str, Any]) -> None:
        """Replace the token in spin's cache."""
        write_cached_token(self._path, token)


def _ignore(text: str) -> None:
    """Drop a warning that was already given."""


RefreshTokenStore = MemoryStore | FileStore | SpinConfigStore
