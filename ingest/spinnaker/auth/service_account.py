"""A Google service account: its key signs an assertion (RS256), that is shown to Gate or exchanged for an id token.

The library that signs is an extra: `pip install 'delivery-metrics[google]'`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from dora.errors import UsageError
from ingest.spinnaker.auth.tokens import Provider, Token, issued
from ingest.spinnaker.settings import secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

TOKENS = "https://oauth2.googleapis.com/token"
SPIN_AUDIENCE = "https://accounts.google.com/o/oauth2/v2/auth"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LASTS = timedelta(hours=1)


class _File(msgspec.Struct, frozen=True):
    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = TOKENS

    def __repr__(self) -> str:
        return "_File(…)"


class Account:
    """Whom a key file speaks for; ``token_uri`` is where its assertions are exchanged."""

    def __init__(self, path: str, setting: str, warn: secret.Warn) -> None:
        try:
            told = msgspec.json.decode(secret.read(path, setting, warn), type=_File)
        except (msgspec.MsgspecError, RecursionError):
            raise _unusable(path) from None
        self.token_uri = told.token_uri
        self._email, self._key_id, self._private = told.client_email, told.private_key_id, _key(path, told.private_key)

    def assertion(self, audience: str, **claims: str) -> Token:
        """What the account says to ``audience`` for an hour, with its signature."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        now = datetime.now(UTC)
        times = {"iat": int(now.timestamp()), "exp": int((now + LASTS).timestamp())}
        head = {"alg": "RS256", "typ": "JWT", "kid": self._key_id}
        body = {"iss": self._email, "sub": self._email, "aud": audience, **times, **claims}
        signed = f"{_encoded(msgspec.json.encode(head))}.{_encoded(msgspec.json.encode(body))}"
        return Token(f"{signed}.{_encoded(self._private.sign(signed.encode(), PKCS1v15(), SHA256()))}", now + LASTS)


class Identity:
    """An id token for the audience of a proxy (IAP), given for an assertion."""

    def __init__(self, account: Account, audience: str) -> None:
        self._account, self._audience = account, audience
        mend = "check that the key is not deleted, the audience is the proxy's client id, and this clock is right."
        self._provider = Provider(url=account.token_uri, mend=mend, wanted="id_token")

    def fresh(self) -> Token:
        """A new id token."""
        shown = self._account.assertion(self._account.token_uri, target_audience=self._audience)
        told: dict[str, Any] = self._provider.told(
            self._provider.post({}, {"grant_type": GRANT, "assertion": shown.value})
        )
        return issued(told, "id_token")


class SelfSigned:
    """The assertion itself as a token, which spin's ``google_service_account`` shows to Gate."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def fresh(self) -> Token:
        """A new assertion; nobody is asked."""
        return self._account.assertion(SPIN_AUDIENCE)


def _key(path: str, pem: str) -> RSAPrivateKey:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            "A Google service account needs a library that is not installed; nothing was fetched.",
            "run pip install 'delivery-metrics[google]'.",
        ) from None
    try:
        found = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(path) from None
    if not isinstance(found, RSAPrivateKey):
        raise _unusable(path)
    return found


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _unusable(path: str) -> UsageError:
    return UsageError(
        f"{path} is no key of a Google service account; nothing was fetched.",
        "give the JSON file that Google made with the key.",
    )
