"""Read JSON from a server of incidents: pages that may be cut, and the server's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from dora.errors import DoraError
from ingest.http.session import RequestError, Session

T = TypeVar("T")
Params = Mapping[str, str | int]


class MalformedReplyError(DoraError):
    """A server sends JSON that is cut, or not what its API documents."""


def read_json(session: Session, path: str, kind: type[T], params: Params | None = None) -> T:
    """Return a reply as ``kind``; raises as ``read_page`` does."""
    return read_page(session, path, kind, params)[0]


def read_page(session: Session, path: str, kind: type[T], params: Params | None = None) -> tuple[T, str | None]:
    """Return a reply as ``kind``, and the address of the next page if the server names one.

    A reply that can not be decoded was perhaps cut on its way, and is requested once more. Raises
    ``MalformedReplyError``, and what ``Session.get`` raises.
    """
    reply = session.get(path, params)
    try:
        return msgspec.json.decode(reply.body, type=kind), reply.next_page
    except (ValueError, RecursionError):
        reply = session.get(path, params)
    try:
        return msgspec.json.decode(reply.body, type=kind), reply.next_page
    except (ValueError, RecursionError) as error:
        raise MalformedReplyError(
            f"The response of {path} is not what the API of {session.endpoint} documents: {error}.",
            "check the endpoint in dora.toml, then repeat the command: it continues from where it was.",
        ) from None


def read_linked_pages(session: Session, path: str, params: Params, size: int) -> Iterator[msgspec.Raw]:
    """Yield the entries of a list by the address of the next page, or by number where a proxy removes it."""
    address, query = path, {**params, "page": 1}
    while True:
        read = partial(read_page, session, address, list[msgspec.Raw], query or None)
        entries, following = confirm_page(read, lambda page: len(page[0]), size)
        yield from entries
        if following:
            address, query = following, {}
        elif query and len(entries) == size:
            query = {**query, "page": int(query["page"]) + 1}
        else:
            return


def confirm_page(read: Callable[[], T], count: Callable[[T], int], size: int) -> T:
    """Return a page; one with fewer items than ``size`` was perhaps cut: it is read again until it shows no more."""
    page = read()
    while count(page) < size and count(again := read()) > count(page):
        page = again
    return page


def read_or_none(session: Session, path: str, kind: type[T], params: Params | None = None) -> T | None:
    """Return a reply, null if the server says that there is no such thing (404 or 410)."""
    try:
        return read_json(session, path, kind, params)
    except RequestError as error:
        if error.status in (404, 410):
            return None
        raise


class _Identified(msgspec.Struct):
    id: str


def read_id(content: msgspec.Raw) -> str:
    """Return the id of an entry of a list, or nothing if it has none."""
    try:
        return msgspec.json.decode(content, type=_Identified).id
    except (ValueError, RecursionError):
        return ""
