"""One exchange on the wire: bounded in seconds and bytes as a whole, never redirected, never with a stored cookie.

Nothing secret is in an error: a message names the server and the path, never a header or a body.
"""

from __future__ import annotations

import io
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from dora.errors import AuthError, DoraError
from ingest.http.tls import Tls, client_context, distrust, refused, unencrypted

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 16
CONNECT_SECONDS = 10.0


class FailedError(DoraError):
    """A request got no usable answer; ``status`` is None where there was no answer at all.

    ``after`` is how many seconds the server asks to wait before the next attempt.
    """

    def __init__(
        self, happened: str, next_step: str = "", *, status: int | None = None, retry: bool = True, after: float = 0.0
    ) -> None:
        super().__init__(happened, next_step)
        self.status, self.retry, self.after = status, retry, after


class Answer(msgspec.Struct, frozen=True):
    """Status, headers (names in lower case), cookies and the body with its compression undone."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes


class Wire:
    """The connections of one thread."""

    def __init__(self, timeout_seconds: float, max_bytes: int, tls: Tls | None = None) -> None:
        self._timeout, self._max_bytes, self._tls = timeout_seconds, max_bytes, tls or Tls()
        from ingest.http.deadline import Watch  # noqa: PLC0415 - it loads the HTTP library

        self._client, self._watch = _client(self._tls), Watch()

    def get(self, url: str, headers: Mapping[str, str], params: Mapping[str, str | int] | None = None) -> Answer:
        """The answer to one GET, whatever its status; raises ``FailedError`` and, for a client certificate that
        is refused, ``AuthError``.
        """
        return self._exchange("GET", url, headers, params=params)

    def post(self, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        """The answer to one form, whatever its status; raises as ``get`` does."""
        return self._exchange("POST", url, headers, form=form)

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        params: Mapping[str, str | int] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        import requests  # noqa: PLC0415 - a fifth of a second that `dora --help` need not pay
        import urllib3  # noqa: PLC0415

        with self._watch.within(self._timeout) as ended:
            try:
                answer = self._whole(method, url, headers, params, form)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise self._late(url) if ended() else _broken(url, error) from None
            if ended():
                raise self._late(url)
        return answer

    def _whole(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str | int] | None,
        form: Mapping[str, str] | None,
    ) -> Answer:
        timeout = (min(self._timeout, CONNECT_SECONDS), self._timeout)
        verify = self._tls.ca_file or self._tls.verify
        with self._client.request(
            method,
            url,
            params=params,
            data=form,
            headers=dict(headers),
            timeout=timeout,
            verify=verify,
            stream=True,
            allow_redirects=False,
        ) as response:
            body = self._body(url, response)
            told = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, told, _cookies(response), body)

    def _body(self, url: str, response: requests.Response) -> bytes:
        kept, deadline = io.BytesIO(), time.monotonic() + self._timeout
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            kept.write(chunk)
            if kept.tell() > self._max_bytes:
                raise failed(url, f"sent more than {self._max_bytes:,} bytes", retry=False)
            if time.monotonic() > deadline:
                raise self._late(url)
        return kept.getvalue()

    def _late(self, url: str) -> FailedError:
        return failed(url, f"did not finish within {self._timeout:g} s")


def origin(url: str) -> str:
    """Scheme, host and port of an address, without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def basic_header(user: str, password: str) -> dict[str, str]:
    """User and password as HTTP carries them."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def failed(url: str, what: str, *, status: int | None = None, retry: bool = True, after: float = 0.0) -> FailedError:
    """The error of a server that gives nothing usable; names the server and the path."""
    return FailedError(
        f"{origin(url)} {what} for {urlsplit(url).path or '/'}; what was landed before stays.",
        "check that the server is well, then repeat: it goes on from there.",
        status=status,
        retry=retry,
        after=after,
    )


def _broken(url: str, error: BaseException) -> DoraError:
    if why := distrust(error):
        return FailedError(
            f"{origin(url)} shows a certificate that is not trusted ({why}); nothing was sent to it.",
            "have it renewed, or name the file of the authority that signed it as ca_file.",
            retry=False,
        )
    if refused(error):
        return AuthError(
            f"{origin(url)} refuses our client certificate, or asks for one; what was landed before stays.",
            "give cert_file and key_file that it knows and that have not expired.",
        )
    if unencrypted(error):
        return FailedError(
            f"{origin(url)} ended the encrypted connection; what was landed before stays.",
            "check that it speaks https, and give cert_file and key_file if it wants a client certificate.",
        )
    return failed(url, f"gave no answer ({type(error).__name__})")


def _cookies(response: requests.Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in response.raw.headers.getlist("Set-Cookie"):
        with suppress(CookieError):
            found |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
    return found


def _client(tls: Tls) -> requests.Session:
    """A client that neither asks .netrc for a password nor keeps a cookie."""
    import urllib3  # noqa: PLC0415

    from ingest.http.deadline import Straight, WatchedAdapter  # noqa: PLC0415

    client, adapter = Straight(), WatchedAdapter(client_context(tls))
    client.auth = lambda request: request
    client.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    client.headers["Accept"] = "application/json"
    client.mount("http://", adapter)
    client.mount("https://", adapter)
    if not tls.verify:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return client
