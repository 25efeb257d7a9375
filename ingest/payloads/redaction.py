"""Secrets in payloads, replaced before a payload is archived or parsed.

Redacted are the texts of fields whose name says that they hold a secret (``password``, ``apiToken``, ``Authorization``,
…), the value or default of a variable or parameter of such a name, the data of Kubernetes Secrets, private keys, and
user and password of a URL; also inside JSON in a text. Bytes around them stay as they are, so that what has no secret
is parsed as before. The same secret has the same replacement, so that a changed one still shows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from ingest.payloads.archive import Document
from ingest.payloads.secret_words import Span, find_suspects, find_users

PLACEHOLDER = b"redacted-"
_QUOTE = rb'\\*"'  # in a JSON text inside a text its quotes are escaped
_TEXT = rb'(?P<quote>\\*)"(?P<text>(?:(?!(?P=quote)")(?:\\.|[^"\\]))+)(?:(?P=quote)"|\Z)'
_REFERENCE = rb"(?:[-_.]?(?:name|ref|file|path|ur[il]|env|type|arn|version|endpoint|expir))"  # tells where it is
_TAIL = rb"(?!s?" + _REFERENCE + rb')[^"\\:{}\[\]]*' + _QUOTE
_FIELD = re.compile(_TAIL + rb"\s*:\s*\[?\s*(?=" + _QUOTE + rb")", re.IGNORECASE)
_NAME_END = re.compile(_TAIL + rb"\s*[,}]", re.IGNORECASE)
_NAME_START = re.compile(rb'"(?:name|key)\\*"\s*:\s*\\*"[^"\\]{0,64}$')
_VALUE = re.compile(rb'"(?:value|default|defaultValue)\\*"\s*:\s*(?=' + _QUOTE + rb")")
_STRING = re.compile(_TEXT, re.DOTALL)
_NEXT = re.compile(rb"\s*,\s*(?=" + _QUOTE + rb")")
_SECRET_KIND = re.compile(rb'"kind\\*"\s*:\s*\\*"Secret\\*"')
_SECRET_DATA = re.compile(rb'"(?:data|stringData)\\*"\s*:\s*\{')
_ENTRY = re.compile(rb'\s*,?\s*\\*"[^"\\]*\\*"\s*:\s*(?=' + _QUOTE + rb")")
_PRIVATE_KEY = re.compile(rb'-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=["]|\Z))')
_HEADER = re.compile(rb"[\"'\s:=\\]{1,6}(?:bearer|basic|token)\s+(?P<text>[^\s\"'\\]+)", re.IGNORECASE)


class Redaction(NamedTuple):
    """A body without secrets, and how many were replaced in it."""

    body: bytes
    secrets: int


def redact(body: bytes, words: Sequence[Span] | None = None) -> Redaction:
    """Return the body with every secret replaced; what is redacted already is left and not counted.

    ``words`` are those of ``find_suspects``, by default looked up here.
    """
    if words is None:
        words = find_suspects([body]).get(0, [])
    spans = sorted({*_field_spans(body, words), *_secret_manifest_spans(body, words), *_private_key_spans(body)})
    parts, end, count = list[bytes](), 0, 0
    for start, stop in spans:
        if start >= end and not body.startswith(PLACEHOLDER, start):
            parts += [body[end:start], PLACEHOLDER + _digest(body[start:stop])]
            end, count = stop, count + 1
    return _remove_users(b"".join([*parts, body[end:]]), count)


def redact_documents(documents: Sequence[Document]) -> tuple[dict[int, Document], int]:
    """Return the documents that had secrets without them, by the identity of the original, and the secrets' number."""
    redacted, total = dict[int, Document](), 0
    for position, words in find_suspects([document.body for document in documents]).items():
        document = documents[position]
        body, secrets = redact(document.body, words)
        if secrets:
            redacted[id(document)] = msgspec.structs.replace(document, body=body)
            total += secrets
    return redacted, total


def _digest(secret: bytes) -> bytes:
    return hashlib.blake2b(secret, digest_size=4).hexdigest().encode()


def _remove_users(body: bytes, count: int) -> Redaction:
    """Remove user and password from the URLs of the web; of other URLs, whose user is no secret, the password."""
    parts, end = list[bytes](), 0
    for start, stop in find_users(body):
        user, has_password, _ = body[start + 3 : stop].partition(b":")
        is_web = body[max(0, start - 5) : start].lower().endswith((b"http", b"https"))
        if is_web or has_password:
            parts += [body[end:start], b"://" if is_web else b"://" + user + b"@"]
            end, count = stop, count + 1
    return Redaction(b"".join([*parts, body[end:]]), count)


def _field_spans(body: bytes, words: Sequence[Span]) -> Iterator[Span]:
    """Yield where the text of each secret is: of a field, or of a variable that a field beside it names."""
    for start, end in words:
        if field := _FIELD.match(body, end):
            yield from _text_spans(body, field.end())
        elif header := _HEADER.match(body, end):
            yield header.span("text")
        elif _NAME_END.match(body, end) and _NAME_START.search(body, max(0, start - 100), start):
            yield from _value_spans(body, start)


def _text_spans(body: bytes, position: int) -> Iterator[Span]:
    """Yield the text that starts here, and those after it in the same list."""
    in_list = body[:position].rstrip().endswith(b"[") if body[position - 1 : position] in b"[ \n" else False
    while text := _STRING.match(body, position):
        yield text.span("text")
        following = _NEXT.match(body, text.end()) if in_list else None
        if following is None:
            return
        position = following.end()


def _value_spans(body: bytes, position: int) -> Iterator[Span]:
    """Yield the value and the default in the object around a name."""
    start, end = body.rfind(b"{", 0, position), body.find(b"}", position)
    for value in _VALUE.finditer(body, max(start, 0)):
        if value.start() > end >= 0:
            return
        if text := _STRING.match(body, value.end()):
            yield text.span("text")


def _private_key_spans(body: bytes) -> Iterator[Span]:
    return (key.span() for key in _PRIVATE_KEY.finditer(body)) if b"PRIVATE KEY-----" in body else iter(())


def _secret_manifest_spans(body: bytes, words: Sequence[Span]) -> Iterator[Span]:
    """Yield the data of Secrets; if a payload has one, the data of its ConfigMaps too."""
    if not (any(body[start:end] == b"Secret" for start, end in words) and _SECRET_KIND.search(body)):
        return
    for data in _SECRET_DATA.finditer(body):
        position = data.end()
        while (entry := _ENTRY.match(body, position)) and (text := _STRING.match(body, entry.end())):
            yield text.span("text")
            position = text.end()
