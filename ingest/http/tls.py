"""How an https server is trusted, how we show ourselves by certificate, and what is wrong where either fails."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dora.errors import UsageError

_REFUSALS = ("CERTIFICATE_REQUIRED", "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "HANDSHAKE_FAILURE")


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """``certificate`` is ours: PEM texts of certificate and unencrypted key; ``ca_file`` signs the server's.

    ``verify`` false trusts any server.
    """

    certificate: tuple[str, str] | None = None
    ca_file: str | None = None
    verify: bool = True

    def __repr__(self) -> str:
        return "Tls(…)"


def client_context(tls: Tls) -> ssl.SSLContext:
    """The context of a client; raises ``UsageError`` where certificate and key do not fit or are no PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if tls.certificate:
        _show(context, *tls.certificate)
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The library reads files alone: they are ours only (0600) and gone at once."""
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


def distrust(error: BaseException) -> str | None:
    """Why a server's certificate is not trusted, such as "certificate has expired"; None where that is no matter."""
    found = next((one for one in _causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)
    return (found.verify_message or "it can not be verified") if found else None


def refused(error: BaseException) -> bool:
    """Whether a server ended the handshake because of the certificate that we show, or do not show."""
    reasons = [str(one.reason) for one in _causes(error) if isinstance(one, ssl.SSLError)]
    return any("ALERT" in reason and any(word in reason for word in _REFUSALS) for reason in reasons)


def unencrypted(error: BaseException) -> bool:
    """Whether the encryption failed for any other reason: no TLS at all, or a server that hangs up."""
    return any(isinstance(one, ssl.SSLError) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that lies beneath it; libraries hide the first one in ``args`` and ``reason``."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        below = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        waiting.extend(each for each in below if isinstance(each, BaseException))
