"""One HTTP exchange with a limit of seconds and bytes; redirects are not followed, cookies are not stored.

No secret is in an error: a message names the server and the path, never a header or a body.
"""

from __future__ import annotations

import io
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from dora.errors import AuthError, DoraError
from ingest.http.tls import (
    Tls,
    certificate_rejected,
    client_context,
    never_connected,
    tls_failed,
    untrusted_reason,
)

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 1 << 16
CONNECT_SECONDS = 10.0


class RequestError(DoraError):
    """A request got no usable response; ``status`` is None if there was no response at all.

    ``wait`` is the number of seconds before the next attempt that the server asks for. ``reason`` is what the server
    did, without address, and ``unsent`` whether it surely got no request.
    """

    def __init__(  # noqa: PLR0913 - what callers decide by
        self, happened: str, next_step: str = "", *, status: int | None = None, retry: bool = True, wait: float = 0.0,
        reason: str = "", unsent: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(happened, next_step)
        self.status, self.retry, self.wait, self.reason, self.unsent = status, retry, wait, reason, unsent

    @property
    def is_limit(self) -> bool:
        """Whether the server takes no more requests for now; a 403 that is a refusal is another error."""
        return self.status in (403, 429)


class Response(msgspec.Struct, frozen=True):
    """Status, headers (names in lower case), cookies and the decompressed body."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes


class Transport:
    """The connections of one thread."""

    def __init__(self, timeout_seconds: float, max_bytes: int, tls: Tls | None = None) -> None:
        from ingest.http.deadline import Deadline  # noqa: PLC0415 - it loads the HTTP library

        self._timeout, self._max_bytes, self._tls = timeout_seconds, max_bytes, tls or Tls()
        self._client, self._deadline = _create_client(self._tls), Deadline()

    def get(self, url: str, headers: Mapping[str, str], params: Mapping[str, str | int] | None = None) -> Response:
        """Return the response to a GET, whatever its status.

        Raises ``RequestError``, and ``AuthError`` if the client certificate is rejected.
        """
        return self._send("GET", url, headers, params=params)

    def post(self, url: str, headers: Mapping[str, str], form: Mapping[str, str] | bytes) -> Response:
        """Return the response to a posted form or body, whatever its status; raises as ``get`` does."""
        return self._send("POST", url, headers, data=form)

    def _send(self, method: str, url: str, headers: Mapping[str, str], **content: Any) -> Response:
        import requests  # noqa: PLC0415 - a fifth of a second that `dora --help` need not pay
        import urllib3  # noqa: PLC0415

        with self._deadline.limit(self._timeout) as expired:
            try:
                with self._client.request(
                    method,
                    url,
                    headers=dict(headers),
                    timeout=(min(self._timeout, CONNECT_SECONDS), self._timeout),
                    verify=self._tls.ca_file or self._tls.verify,
                    stream=True,
                    allow_redirects=False,
                    **content,
                ) as reply:
                    lower = {name.lower(): value for name, value in reply.headers.items()}
                    response = Response(reply.status_code, lower, _read_cookies(reply), self._read_body(url, reply))
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise self._timeout_error(url) if expired() else _connection_error(url, error) from None
            # A connection that was shut down can look like the regular end of a body.
            if expired():
                raise self._timeout_error(url)
        return response

    def _read_body(self, url: str, reply: requests.Response) -> bytes:
        body, end = io.BytesIO(), time.monotonic() + self._timeout
        while chunk := reply.raw.read1(CHUNK_BYTES, decode_content=True):
            body.write(chunk)
            # Checked after decompression: a small compressed reply may hold gigabytes.
            if body.tell() > self._max_bytes:
                raise request_error(url, f"sent more than {self._max_bytes:,} bytes", retry=False)
            if time.monotonic() > end:
                raise self._timeout_error(url)
        return body.getvalue()

    def _timeout_error(self, url: str) -> RequestError:
        return request_error(url, f"did not finish within {self._timeout:g} s")


def origin(url: str) -> str:
    """Return scheme, host and port of an address, without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def basic_header(user: str, password: str) -> dict[str, str]:
    """Return the Authorization header of user and password."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def request_error(  # noqa: PLR0913 - what callers decide by
    url: str, what: str, *, status: int | None = None, retry: bool = True, wait: float = 0.0, unsent: bool = False
) -> RequestError:
    """Return the error of a server that gives no usable response; it names the server and the path."""
    return RequestError(
        f"{origin(url)} {what} for {urlsplit(url).path or '/'}; data landed before is unchanged.",
        "check that the server is healthy, then repeat the command: it continues from there.",
        status=status,
        retry=retry,
        wait=wait,
        reason=what,
        unsent=unsent,
    )


def _connection_error(url: str, error: BaseException) -> DoraError:
    if reason := untrusted_reason(error):
        what = f"has a certificate that is not trusted ({reason})"
        return RequestError(
            f"{origin(url)} {what}; nothing was sent to it.",
            "have it renewed, or set ca_file to the certificate of the authority that signed it.",
            retry=False,
            reason=what,
            unsent=True,
        )
    if certificate_rejected(error):
        return AuthError(
            f"{origin(url)} rejects the client certificate, or requires one; data landed before is unchanged.",
            "set cert_file and key_file to a certificate that it accepts and that has not expired.",
        )
    if tls_failed(error):
        return RequestError(
            f"{origin(url)} ended the encrypted connection; data landed before is unchanged.",
            "check that it speaks https, and set cert_file and key_file if it requires a client certificate.",
            reason="ended the encrypted connection",
        )
    return request_error(url, f"gave no answer ({type(error).__name__})", unsent=never_connected(error))


def _read_cookies(reply: requests.Response) -> dict[str, str]:
    cookies: dict[str, str] = {}
    for line in reply.raw.headers.getlist("Set-Cookie"):
        with suppress(CookieError):
            cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
    return cookies


def _create_client(tls: Tls) -> requests.Session:
    import urllib3  # noqa: PLC0415

    from ingest.http.deadline import DeadlineAdapter, NoRedirectSession  # noqa: PLC0415

    client, adapter = NoRedirectSession(), DeadlineAdapter(client_context(tls))
    client.auth = lambda request: request  # else requests would send a password that .netrc has for the host
    client.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    client.headers["Accept"] = "application/json"
    client.mount("http://", adapter)
    client.mount("https://", adapter)
    if not tls.verify:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return client
