"""How Gate authenticates us. Settings hold no secret, only the names of variables and files that do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

from dora.errors import UsageError
from dora.storage import database
from ingest.core.paths import at_home

Warn = Callable[[str], None]
SECTION = "[sources.spinnaker]"
_SECRET_HEADERS = ("authorization", "cookie", "token", "secret", "password", "api-key", "apikey")


def read_secret_file(path: str, key: str, warn: Warn) -> str:
    """Return the text of the file that setting ``key`` names; ``warn`` if others can read it. Raises ``UsageError``."""
    file = at_home(path)
    try:
        if _is_exposed(file.stat()):
            warn(f"{path} can be read by others: run chmod 600 on it")
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{key} {path} can not be read ({type(error).__name__}); nothing was fetched.",
            f"correct {key} in {SECTION}.",
        ) from None


def _is_exposed(status: os.stat_result) -> bool:
    """Return whether others can read a file; one of another user may be handed over by its group, as to a pod."""
    is_own = status.st_uid == os.geteuid()
    return bool(status.st_mode & (0o077 if is_own else 0o037))


def write_secret_file(path: str, text: str) -> None:
    """Replace a file atomically by one that only its owner can read (0600). Raises ``OSError``."""
    file = at_home(path).resolve()  # a link stays, and its target is replaced
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-", delete=False) as temporary:
        temporary_path = Path(temporary.name)
        try:
            temporary.write(text)
            temporary.flush()
            os.fsync(temporary.fileno())
            temporary_path.replace(file)
            database.fsync(file.parent)  # the former token may be refused from now on
        finally:
            temporary_path.unlink(missing_ok=True)


def read_secret_variable(variable: str, key: str) -> str:
    """Return the value of the variable that setting ``key`` names. Raises ``UsageError`` if it is empty."""
    if value := os.environ.get(variable, "").strip():
        return value
    raise UsageError(
        f"The environment variable {variable} {describe_missing(variable)}; nothing was fetched.",
        f"set it, or name another one as {key} in {SECTION}.",
    )


def describe_missing(variable: str) -> str:
    """Return why a variable has no secret: it ``is not set``, or ``is empty``."""
    return "is empty" if variable in os.environ else "is not set"


class OAuth2Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sources.spinnaker.oauth2]``: a client of an identity provider.

    ``refresh_token_file`` takes precedence over the variable, and receives the refresh token that replaces its own.
    ``login`` is Gate's path that exchanges a token for a session ("": none). ``ca_file`` signs the provider's
    certificate.
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
    """An API token, a certificate, user and password, or a token of an identity provider.

    ``spin_config`` is true for ``~/.spin/config``, or a path; settings here take precedence over it.
    ``iap_key_file`` is the key of a Google service account, ``iap_audience`` the client id of the identity-aware proxy.
    ``spin_config_write`` allows to cache a refreshed OAuth2 token there, as spin does. ``headers`` are sent with every
    request; so are ``headers_env``, whose values are names of variables.
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
    oauth2: OAuth2Settings | None = None
    headers: dict[str, str] = {}
    headers_env: dict[str, str] = {}

    def token(self, warn: Warn) -> str | None:
        """Return the API token, None if there is none. Raises ``UsageError`` if its file can not be read."""
        if self.token_file:
            return read_secret_file(self.token_file, "token_file", warn).strip() or None
        return os.environ.get(self.token_env, "").strip() or None

    def password(self, warn: Warn) -> str:
        """Return the password of ``basic_user`` or ``ldap_user``. Raises ``UsageError`` if there is none."""
        if self.password_file:
            return read_secret_file(self.password_file, "password_file", warn).rstrip("\r\n")
        return read_secret_variable(self.password_env, "password_env")

    def certificate(self, warn: Warn) -> tuple[str, str] | None:
        """Return the PEM texts of certificate and key. Raises ``UsageError`` if only one is set."""
        if not (self.cert_file or self.key_file):
            return None
        if not (self.cert_file and self.key_file):
            raise UsageError(f"{SECTION} has only one of cert_file and key_file; nothing was fetched.", "set both.")
        certificate = read_secret_file(self.cert_file, "cert_file", lambda _: None)  # a certificate is public
        return certificate, read_secret_file(self.key_file, "key_file", warn)

    def all_headers(self) -> dict[str, str]:
        """Return the default headers with their values. Raises ``UsageError`` if a variable is empty."""
        secret = {name: read_secret_variable(variable, "headers_env") for name, variable in self.headers_env.items()}
        return {**self.headers, **secret}


def check_headers(credentials: Credentials) -> None:
    """Raise ``UsageError`` for a header whose name promises a secret, or that is not a valid header."""
    for name, value in credentials.headers.items():
        if any(word in name.lower() for word in _SECRET_HEADERS):
            raise UsageError(
                f"{SECTION} holds a secret under the header {name!r}; nothing was fetched.",
                "put its value into an environment variable and name that under headers_env.",
            )
        # A value with a line break would add a header of its own.
        if not name.isascii() or not value.isprintable() or not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"{SECTION} has an invalid header {name!r}; nothing was fetched.", "correct it.")
