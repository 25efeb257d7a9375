"""Where a refresh token lives between two runs: a provider may replace it, and then only the last one is good."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol

from dora.errors import UsageError
from ingest.core.paths import at_home
from ingest.spinnaker.settings import secret, spin_config


class Store(Protocol):
    """A place for one refresh token."""

    def take(self) -> str:
        """The token to show now; raises ``UsageError`` where there is none, or its successor could not be kept."""
        ...

    def keep(self, told: Mapping[str, Any]) -> None:
        """Keep what a provider gave, in the fields of spin's cache; raises ``UsageError``."""
        ...


class InMemory:
    """No place at all: a successor is used until the end of the run, and then lost. That is warned about once."""

    def __init__(self, token: str, warn: secret.Warn, instead: str) -> None:
        self._token, self._warn, self._instead = token, warn, instead

    def take(self) -> str:
        """What was given last."""
        return self._token

    def keep(self, told: Mapping[str, Any]) -> None:
        """Until the end of the run."""
        if told["refresh_token"] != self._token:
            self._warn(f"the identity provider replaced our refresh token, and the new one is lost: {self._instead}")
            self._warn = _silent
        self._token = told["refresh_token"]


class InFile:
    """A file that holds the token alone; read anew each time, since another run may have replaced it."""

    def __init__(self, path: str, warn: secret.Warn) -> None:
        self._path, self._warn = path, warn

    def take(self) -> str:
        """What the file says. Whether it can be replaced is seen before the provider is asked."""
        token = secret.read(self._path, "oauth2.refresh_token_file", self._warn).strip()
        self._warn = _silent
        if not token:
            raise UsageError(f"{self._path} is empty; nothing was fetched.", "put a refresh token into it.")
        if not os.access(at_home(self._path).resolve().parent, os.W_OK):
            raise UsageError(
                f"{self._path} can not be replaced; nothing was fetched.", "let this user write in its folder."
            )
        return token

    def keep(self, told: Mapping[str, Any]) -> None:
        """In the place of the old one."""
        try:
            secret.write(self._path, told["refresh_token"] + "\n")
        except OSError as error:
            raise UsageError(
                f"The new refresh token can not be kept in {self._path} ({type(error).__name__}); nothing was fetched.",
                "make room there, then put a new refresh token into it.",
            ) from None


class InSpin:
    """Spin's own configuration, with the token as its cache, where we may write there."""

    def __init__(self, path: str) -> None:
        self._path = path

    def take(self) -> str:
        """What spin has cached."""
        auth = spin_config.load(self._path, _silent).auth
        cached = auth.oauth2.cached_token if auth and auth.oauth2 else None
        if not (cached and cached.refresh_token):
            raise UsageError(f"{self._path} has no refresh token any more.", "log in again with spin.")
        return cached.refresh_token

    def keep(self, told: Mapping[str, Any]) -> None:
        """As spin does."""
        spin_config.keep(self._path, told)


def _silent(text: str) -> None:
    """Say nothing."""
