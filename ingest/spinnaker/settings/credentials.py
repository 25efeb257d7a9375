"""The settings by which Gate knows us. Secrets are never among them: only the names of variables and files."""

from __future__ import annotations

import os

import msgspec

from dora.errors import UsageError
from ingest.spinnaker.settings import secret

_GUARDED = ("authorization", "cookie", "token", "secret", "password", "api-key", "apikey")


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sources.spinnaker.oauth2]``: a client of an identity provider, with variables that hold its secrets.

    ``refresh_token_file`` goes before the variable, and is where a refresh token that replaces it is kept. ``login`` is
    Gate's path that makes a session of a token; "" is none. ``ca_file`` is who signed the provider's certificate.
    """

    token_url: str
    client_id: str
    client_secret_env: str | None = None
    refresh_token_env: str = "DORA_GATE_REFRESH_TOKEN"  # noqa: S105 - the name of a variable
    refresh_token_file: str | None = None
    access_token_env: str | None = None
    ca_file: str | None = None
    login: str = "/login"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How Gate knows us: by API token, certificate, user and password, or a token of an identity provider.

    ``spin_config`` is true for ``~/.spin/config``, or a path; what stands here goes before what stands there.
    ``iap_key_file`` is the key of a Google service account, ``iap_audience`` the client id of the proxy that it asks.
    ``spin_config_write`` lets a refreshed OAuth2 token be cached there, as spin itself does.
    ``headers`` go along with every request, ``headers_env`` too, whose values are names of variables.
    """

    token_env: str = "DORA_GATE_TOKEN"  # noqa: S105 - the name of a variable
    token_file: str | None = None
    spin_config: bool | str = False
    spin_config_write: bool = False
    cert_file: str | None = None
    key_file: str | None = None
    ca_file: str | None = None
    ignore_cert_errors: bool = False
    basic_user: str | None = None
    ldap_user: str | None = None
    password_env: str = "DORA_GATE_PASSWORD"  # noqa: S105 - the name of a variable
    password_file: str | None = None
    iap_token_env: str | None = None
    iap_key_file: str | None = None
    iap_audience: str | None = None
    oauth2: Client | None = None
    headers: dict[str, str] = {}
    headers_env: dict[str, str] = {}

    def token(self, warn: secret.Warn = lambda _: None) -> str | None:
        """The API token, where there is one; raises ``UsageError`` where its file can not be read."""
        if self.token_file:
            return secret.read(self.token_file, "token_file", warn).strip() or None
        return os.environ.get(self.token_env, "").strip() or None

    def password(self, warn: secret.Warn) -> str:
        """The password of ``basic_user`` or ``ldap_user``; raises ``UsageError`` where there is none."""
        if self.password_file:
            return secret.read(self.password_file, "password_file", warn).rstrip("\r\n")
        return secret.from_environment(self.password_env, "password_env")

    def certificate(self, warn: secret.Warn) -> tuple[str, str] | None:
        """PEM texts of certificate and key; raises ``UsageError`` where one is missing."""
        if not (self.cert_file or self.key_file):
            return None
        if not (self.cert_file and self.key_file):
            raise UsageError(
                f"{secret.SECTION} has only one of cert_file and key_file; nothing was fetched.", "give both."
            )
        public = secret.read(self.cert_file, "cert_file", lambda _: None)
        return public, secret.read(self.key_file, "key_file", warn)

    def all_headers(self) -> dict[str, str]:
        """Default headers with their values; raises ``UsageError`` where a variable is empty."""
        told = {name: secret.from_environment(variable, "headers_env") for name, variable in self.headers_env.items()}
        return {**self.headers, **told}


def check_headers(given: Credentials) -> None:
    """Raises ``UsageError`` for a header whose value is a secret, by its name, or could end a line."""
    for name, value in given.headers.items():
        if any(word in name.lower() for word in _GUARDED):
            raise UsageError(
                f"{secret.SECTION} holds a secret under the header {name!r}; nothing was fetched.",
                "put its value into an environment variable and name that under headers_env.",
            )
        if not name.isascii() or not value.isprintable() or not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"{secret.SECTION} has no valid header {name!r}; nothing was fetched.", "correct it.")
