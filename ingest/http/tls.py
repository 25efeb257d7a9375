"""TLS settings of a client, and the reasons why a TLS connection failed."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dora.errors import UsageError

_CERTIFICATE_ALERTS = (
    "CERTIFICATE_REQUIRED", "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "HANDSHAKE_FAILURE",
)  # fmt: skip


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """``certificate`` is the client's: PEM texts of certificate and unencrypted key; ``ca_file`` signs the server's.

    ``verify=False`` trusts any server.
    """

    certificate: tuple[str, str] | None = None
    ca_file: str | None = None
    verify: bool = True

    def __repr__(self) -> str:
        return "Tls(…)"


def client_context(tls: Tls) -> ssl.SSLContext:
    """Return the TLS context of a client. Raises ``UsageError`` if certificate and key do not match or are not PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if tls.certificate:
        _load_certificate(context, *tls.certificate)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL loads a key from files only: they are readable by this user alone and deleted at once.
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, "certificate"), Path(folder, "key")
        for path, text in zip(paths, (certificate, key), strict=True):
            path.touch(mode=0o600)
            path.write_text(text)
        try:
            context.load_cert_chain(*paths, password=lambda: "")
        except (ssl.SSLError, OSError):
            raise UsageError(
                "The client certificate and its key can not be used; nothing was fetched.",
                "give PEM files that belong together; the key must not be encrypted.",
            ) from None


def untrusted_reason(error: BaseException) -> str | None:
    """Return why the server's certificate is not trusted, such as "certificate has expired"; None if it is trusted."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "it can not be verified"
    return None


def certificate_rejected(error: BaseException) -> bool:
    """Whether the server ended the handshake because of the client certificate, or for lack of one."""
    reasons = [str(cause.reason) for cause in _causes(error) if isinstance(cause, ssl.SSLError)]
    return any("ALERT" in reason and any(alert in reason for alert in _CERTIFICATE_ALERTS) for reason in reasons)


def tls_failed(error: BaseException) -> bool:
    """Whether TLS failed for any reason, such as a server that does not speak it."""
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(error))


def never_connected(error: BaseException) -> bool:
    """Whether there was no connection at all: no address, nothing that listens, or no answer to the first packet."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415 - loaded by then

    return any(isinstance(cause, ConnectTimeoutError | NewConnectionError) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all its causes; requests and urllib3 hide the original error in ``args`` and ``reason``."""
    pending, visited = [error], set[int]()
    while pending:
        cause = pending.pop()
        if id(cause) in visited:
            continue
        visited.add(id(cause))
        yield cause
        linked = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        pending.extend(value for value in linked if isinstance(value, BaseException))
