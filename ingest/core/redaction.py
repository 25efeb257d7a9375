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

from ingest.core.batches import import_pyarrow
from ingest.payloads.archive import Document

PLACEHOLDER = b"redacted-"
WORDS = (
    b"password", b"passwd", b"passphrase", b"secret", b"token", b"authorization", b"cookie", b"apikey", b"api_key",
    b"api-key", b"accesskey", b"access_key", b"access-key", b"privatekey", b"private_key", b"private-key",
)  # fmt: skip
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
_USER_INFO = re.compile(rb'://[^/\s"\\@?#]+@')
_HEADER = re.compile(rb"[\"'\s:=\\]{1,6}(?:bearer|basic|token)\s+(?P<text>[^\s\"'\\]+)", re.IGNORECASE)
# One pass of RE2 over all documents finds the few that Python looks at.
_SUSPECT = (
    r"(?i)(?:passw|passphrase|secret|token|authorization|cookie|api[-_]?key|access[-_]?key|private[-_]?key)[^\"\\:{}]*"
    r"(?:\\*\"\s*:\s*\[?\s*\\*\"|\\*\"\s*[,}]|[\"'\s:=\\]{1,6}(?:bearer|basic|token)\s)"
    r"|PRIVATE KEY-----|://[^/\s\"\\@?#]+@"
)


class Redaction(NamedTuple):
    """A body without secrets, and how many were replaced in it."""

    body: bytes
    secrets: int


def find_suspects(documents: Sequence[Document]) -> list[int]:
    """Return the positions of the documents that may contain a secret."""
    if not documents:
        return []
    pa = import_pyarrow()
    from pyarrow import compute as pc  # noqa: PLC0415 - see import_pyarrow

    bodies = pa.array([document.body for document in documents], pa.large_binary())
    matches = pc.match_substring_regex(bodies, _SUSPECT)
    return list(pc.indices_nonzero(matches).to_pylist())


def redact(body: bytes) -> Redaction:
    """Return the body with every secret replaced; what is redacted already is left and not counted."""
    spans = sorted({*_field_spans(body), *_secret_manifest_spans(body), *_private_key_spans(body)})
    parts, end, count = list[bytes](), 0, 0
    for start, stop in spans:
        if start >= end and not body.startswith(PLACEHOLDER, start):
            parts += [body[end:start], PLACEHOLDER + _digest(body[start:stop])]
            end, count = stop, count + 1
    return _remove_user_info(b"".join([*parts, body[end:]]), count)


def redact_documents(documents: Sequence[Document]) -> tuple[dict[int, Document], int]:
    """Return the documents that had secrets without them, by the identity of the original, and the secrets' number."""
    redacted, total = dict[int, Document](), 0
    for position in find_suspects(documents):
        document = documents[position]
        body, secrets = redact(document.body)
        if secrets:
            redacted[id(document)] = msgspec.structs.replace(document, body=body)
            total += secrets
    return redacted, total


def _digest(secret: bytes) -> bytes:
    return hashlib.blake2b(secret, digest_size=4).hexdigest().encode()


def _remove_user_info(body: bytes, count: int) -> Redaction:
    """Remove user and password from the URLs of the web; of other URLs, whose user is no secret, the password."""
    parts, end = list[bytes](), 0
    for match in _USER_INFO.finditer(body):
        user, has_password, _ = match[0].partition(b"://")[2].partition(b":")
        is_web = body[max(0, match.start() - 5) : match.start()].lower().endswith((b"http", b"https"))
        if is_web or has_password:
            parts += [body[end : match.start()], b"://" if is_web else b"://" + user + b"@"]
            end, count = match.end(), count + 1
    return Redaction(b"".join([*parts, body[end:]]), count)


def _field_spans(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the text of each secret is: of a field, or of a variable that a field beside it names."""
    lower = body.lower()
    for word in WORDS:
        position = lower.find(word)
        while position >= 0:
            after = position + len(word)
            if field := _FIELD.match(body, after):
                yield from _text_spans(body, field.end())
            elif header := _HEADER.match(body, after):
                yield header.span("text")
            elif _NAME_END.match(body, after) and _NAME_START.search(body, max(0, position - 100), position):
                yield from _value_spans(body, position)
            position = lower.find(word, after)


def _text_spans(body: bytes, position: int) -> Iterator[tuple[int, int]]:
    """Yield the text that starts here, and those after it in the same list."""
    in_list = body[:position].rstrip().endswith(b"[") if body[position - 1 : position] in b"[ \n" else False
    while text := _STRING.match(body, position):
        yield text.span("text")
        following = _NEXT.match(body, text.end()) if in_list else None
        if following is None:
            return
        position = following.end()


def _value_spans(body: bytes, position: int) -> Iterator[tuple[int, int]]:
    """Yield the value and the default in the object around a name."""
    start, end = body.rfind(b"{", 0, position), body.find(b"}", position)
    for value in _VALUE.finditer(body, max(start, 0)):
        if value.start() > end >= 0:
            return
        if text := _STRING.match(body, value.end()):
            yield text.span("text")


def _private_key_spans(body: bytes) -> Iterator[tuple[int, int]]:
    return (key.span() for key in _PRIVATE_KEY.finditer(body))


def _secret_manifest_spans(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield the data of Secrets; if a payload has one, the data of its ConfigMaps too."""
    if not _SECRET_KIND.search(body):
        return
    for data in _SECRET_DATA.finditer(body):
        position = data.end()
        while (entry := _ENTRY.match(body, position)) and (text := _STRING.match(body, entry.end())):
            yield text.span("text")
            position = text.end()
