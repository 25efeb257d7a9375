"""A Google service account: its key signs a JWT (RS256), which Gate receives or Google exchanges for an id token.

The library that signs is the extra ``google``.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from dora.errors import UsageError, install_extra
from ingest.spinnaker.auth.tokens import Token, TokenEndpoint, parse_token
from ingest.spinnaker.settings.credentials import Warn, read_secret_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

GOOGLE_OAUTH_URL = "https://oauth2.googleapis.com/token"
SPIN_AUDIENCE = "https://accounts.google.com/o/oauth2/v2/auth"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = timedelta(hours=1)  # the longest that Google accepts


class _KeyFile(msgspec.Struct, frozen=True):
    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = GOOGLE_OAUTH_URL

    def __repr__(self) -> str:
        return "_KeyFile(…)"


class ServiceAccount:
    """The account of a key file; ``token_uri`` is where its assertions are exchanged."""

    def __init__(self, path: str, setting: str, warn: Warn) -> None:
        try:
            content = msgspec.json.decode(read_secret_file(path, setting, warn), type=_KeyFile)
        except (ValueError, RecursionError):
            raise _not_a_key(path) from None
        self.token_uri = content.token_uri
        self._email, self._key_id = content.client_email, content.private_key_id
        self._private_key = _load_private_key(path, content.private_key)

    def sign_assertion(self, audience: str, **claims: str) -> Token:
        """Return a signed JWT for ``audience``."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        now = datetime.now(UTC)
        times = {"iat": int(now.timestamp()), "exp": int((now + LIFETIME).timestamp())}
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key_id}
        body = {"iss": self._email, "sub": self._email, "aud": audience, **times, **claims}
        signed = f"{_encode(msgspec.json.encode(header))}.{_encode(msgspec.json.encode(body))}"
        signature = self._private_key.sign(signed.encode(), PKCS1v15(), SHA256())
        return Token(f"{signed}.{_encode(signature)}", now + LIFETIME)


class IdTokenSource:
    """The JWT bearer flow (RFC 7523): an assertion is exchanged for an id token for the audience of a proxy (IAP)."""

    def __init__(self, account: ServiceAccount, audience: str) -> None:
        hint = "check that the key is not deleted, the audience is the proxy's client id, and this clock is right."
        self._account, self._audience = account, audience
        self._endpoint = TokenEndpoint(url=account.token_uri, hint=hint, response_field="id_token")

    def fetch_token(self) -> Token:
        """Return a new id token."""
        assertion = self._account.sign_assertion(self._account.token_uri, target_audience=self._audience)
        response = self._endpoint.post({}, {"grant_type": JWT_BEARER, "assertion": assertion.value})
        return parse_token(self._endpoint.parse(response), "id_token")


class SelfSignedTokenSource:
    """The assertion itself as a token, as spin's ``google_service_account`` sends it to Gate."""

    def __init__(self, account: ServiceAccount) -> None:
        self._account = account

    def fetch_token(self) -> Token:
        """Return a new assertion, without a request."""
        return self._account.sign_assertion(SPIN_AUDIENCE)


def _load_private_key(path: str, pem: str) -> RSAPrivateKey:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            "A Google service account needs a library that is not installed; nothing was fetched.",
            install_extra("google"),
        ) from None
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _not_a_key(path) from None
    if not isinstance(key, RSAPrivateKey):
        raise _not_a_key(path)
    return key


def _encode(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _not_a_key(path: str) -> UsageError:
    return UsageError(
        f"{path} is not the key of a Google service account; nothing was fetched.",
        "give the JSON file that Google created with the key.",
    )
