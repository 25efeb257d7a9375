"""Read pull or merge requests from the API of their host: only those that were updated since the last run.

Oldest update first: if a rate limit ends a run, the next one continues from there.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol, TypeVar

import msgspec

from dora.errors import DoraError
from dora.storage.rows.changes import ChangeRequest
from ingest.core.paths import at_home
from ingest.core.source import Item, Note, Watermark
from ingest.git.history import documents
from ingest.git.settings import HostSettings
from ingest.http.session import Limits, Session

PAGE = 100  # the maximum of both APIs
BATCH = 20  # requests in a document; each costs three more requests to the host, which a stopped run repeats
LIMITS = Limits(timeout_seconds=60.0, max_bytes=32 << 20, attempts=3, requests_per_10s=100)
# A time without an offset can be compared with no other.
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
T = TypeVar("T")


class Updated(Protocol):
    """A request as a list shows it."""

    @property
    def updated_at(self) -> datetime:
        """When it changed last."""


U = TypeVar("U", bound=Updated)


class RequestReader(ABC):
    """The API of one host with one token; ``now`` is the time of the run."""

    host: str  # as messages name it

    def __init__(self, settings: HostSettings, headers: dict[str, str], now: datetime) -> None:
        self._session = Session(settings.api, headers, LIMITS)
        self._section = settings.section
        self._now, self._first_since = now, now - timedelta(days=settings.since_days)

    @abstractmethod
    def read_updated(self, repository: str, slug: str, since: datetime) -> Iterator[tuple[datetime, ChangeRequest]]:
        """Yield the requests updated since then with the time of it, oldest update first. Raises ``DoraError``."""

    def read_change_requests(self, repository: str, slug: str, watermark: str) -> Iterator[Item]:
        """Yield the requests of ``slug`` updated since ``watermark``, an ISO time or empty, and new watermarks.

        Raises ``DoraError`` if the host refuses or fails, after it has yielded everything that was read.
        """
        since = datetime.fromisoformat(watermark) if watermark else self._first_since
        batch: list[ChangeRequest] = []
        updated_at, failure = since, None
        try:
            for time, request in self.read_updated(repository, slug, since):
                batch.append(request)
                updated_at = min(time, self._now)  # a time to come would skip everything until then
                if len(batch) == BATCH:
                    yield from _to_items(repository, batch, updated_at)
                    batch = []
        except DoraError as error:
            failure = error
        if batch:
            yield from _to_items(repository, batch, updated_at)
        if failure:
            raise failure

    def read_pages(self, path: str, kind: type[list[T]], **parameters: str) -> Iterator[list[T]]:
        """Yield the pages of a list, by the address of the next one if the host names it, else by number."""
        query: dict[str, str | int] = {**parameters, "per_page": PAGE, "page": 1}
        address: str | None = path
        while address:
            page, following = self._read_page(address, kind, query)
            yield page
            if following:
                address, query = following, {}
            elif len(page) == PAGE and query:
                query = {**query, "page": int(query["page"]) + 1}
            else:
                return

    def _read_page(self, address: str, kind: type[list[T]], query: dict[str, str | int]) -> tuple[list[T], str | None]:
        page, following = self._decode(address, kind, query)
        # A short page is the last one, or was cut on its way: again, until it shows no more.
        while len(page) < PAGE:
            again, following_again = self._decode(address, kind, query)
            if len(again) <= len(page):
                break
            page, following = again, following_again
        return page, following

    def read(self, path: str, kind: type[T], **parameters: str | int) -> T:
        """Return a reply as ``kind``."""
        return self._decode(path, kind, parameters)[0]

    def _decode(self, path: str, kind: type[T], parameters: dict[str, str | int]) -> tuple[T, str | None]:
        reply = self._session.get(path, parameters or None)
        try:
            return msgspec.json.decode(reply.body, type=kind), reply.next_page
        except (ValueError, RecursionError) as error:
            raise DoraError(
                f"The response of {path} is not what {self.host}'s API documents: {error}.",
                f"check `api` in [{self._section}] of dora.toml.",
            ) from None


def sort_updated(pages: Iterator[list[U]], since: datetime, key: str) -> list[U]:
    """Return the requests of a list, latest update first, that were updated since then, oldest update first."""
    requests: dict[int, U] = {}
    for page in pages:
        for request in page:
            requests.setdefault(getattr(request, key), request)  # an update between two pages moves others onto both
        if page and page[-1].updated_at < since:
            break
    updated = [request for request in requests.values() if request.updated_at >= since]
    return sorted(updated, key=lambda request: request.updated_at)


def read_token(settings: HostSettings, what: str) -> Generator[Item, None, str | None]:
    """Return the token, or null with a note; yield a note if other users can read its file."""
    location = settings.token_file or settings.token_env
    try:
        token = at_home(settings.token_file).read_text() if settings.token_file else os.environ.get(location, "")
    except (OSError, UnicodeDecodeError):
        token = ""
    if settings.token_file and token and at_home(settings.token_file).stat().st_mode & 0o077:
        yield Note(f"Other users can read {location}: run chmod 600 on it.")
    if (token := token.strip()).isascii() and token.isprintable() and token:
        return token
    yield Note(f"{location} contains no token: {what} are not read, everything else is.")
    return None


def watermark_stream(repository: str) -> str:
    """Return the name of the watermark of a repository's requests."""
    # Another name than before mergers and reviewers were read, so that the next run reads the latest requests again.
    return f"reviewed_requests/{repository}"


def earliest(times: Sequence[datetime | None]) -> int | None:
    """Return the earliest time in microseconds since 1970, null if there is none."""
    return to_micros(min((time for time in times if time), default=None))


def to_micros(time: datetime | None) -> int | None:
    """Return microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND if time else None


def _to_items(repository: str, batch: list[ChangeRequest], updated_at: datetime) -> Iterator[Item]:
    yield documents.encode_change_requests(batch)
    yield Watermark(watermark_stream(repository), updated_at.isoformat())
