"""One request to a chat service, repeated where that can not post twice.

No error names a path: that of a webhook is its secret.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from dora.cli.senders.errors import UncertainError, UnsentError
from dora.errors import AuthError
from ingest.http.rate_limit import MAX_WAIT, parse_wait
from ingest.http.session import TRANSIENT
from ingest.http.tls import Tls
from ingest.http.transport import RequestError, Response, Transport, origin

ATTEMPTS, BACKOFF_SECONDS = 5, 0.5
TIMEOUT_SECONDS, MAX_BYTES = 30.0, 1 << 20
AGAIN = "check the server and its address, then repeat the command; what arrived is not sent again."


class Client:
    """Posts to servers with verified certificates; redirects are not followed."""

    def __init__(self, ca_file: str | None) -> None:
        path = str(Path(ca_file).expanduser()) if ca_file else None
        self._transport = Transport(TIMEOUT_SECONDS, MAX_BYTES, Tls(ca_file=path))

    def post(
        self, url: str, headers: Mapping[str, str], body: Mapping[str, str] | bytes, *, publishes: bool = True
    ) -> Response:
        """Return the reply, whatever its status. 429 and 5xx are repeated, after the time that the server asks for.

        ``publishes`` is false for a request that shows no message to people: it is repeated after no answer, too.
        Raises ``UnsentError`` if no attempt arrived, ``UncertainError`` if the connection ended without an answer.
        """
        for attempt in range(1, ATTEMPTS + 1):
            wait, reason = BACKOFF_SECONDS * 2.0 ** (attempt - 1), ""
            try:
                response = self._transport.post(url, headers, body)
                if response.status not in TRANSIENT:
                    return self._checked(url, response)
                reason = f"answered {response.status}"
                if "retry-after" in response.headers:
                    wait = parse_wait(response.headers["retry-after"], response.headers.get("date"))
            except RequestError as error:
                reason = _reason(url, error, publishes=publishes)
            except AuthError:
                raise UnsentError(f"{origin(url)} asks for a client certificate; nothing was sent.", AGAIN) from None
            if wait > MAX_WAIT:
                raise UnsentError(f"{origin(url)} {reason} and asks to wait {wait:,.0f} s; nothing was sent.", AGAIN)
            if attempt < ATTEMPTS:
                time.sleep(wait)
        raise UnsentError(f"{origin(url)} {reason}, {ATTEMPTS} times; nothing was sent.", AGAIN)

    @staticmethod
    def _checked(url: str, response: Response) -> Response:
        if 300 <= response.status < 400:
            raise UnsentError(
                f"{origin(url)} redirects to another address, which was not followed; nothing was sent.",
                "check that the address is that of the webhook.",
            )
        return response


def _reason(url: str, error: RequestError, *, publishes: bool) -> str:
    """Return why there is no answer, if the request can be repeated."""
    if error.retry and (error.unsent or not publishes):
        return error.reason
    if error.unsent or not publishes:
        raise UnsentError(
            f"{origin(url)} {error.reason}; nothing was sent.",
            "check the server; ca_file names the authority that signed its certificate.",
        ) from None
    raise UncertainError(
        f"{origin(url)} {error.reason or 'gave no usable answer'}: the digest may have arrived.",
        "look there; `--again` sends it once more.",
    ) from None
