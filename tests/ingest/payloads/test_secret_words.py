"""The fast search for words that name secrets finds all that a plain one finds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ingest.payloads.secret_words import find_suspects, find_users

WORDS = [
    b"password", b"passwd", b"passphrase", b"secret", b"token", b"authorization", b"cookie", b"apikey", b"api_key",
    b"api-key", b"accesskey", b"access_key", b"access-key", b"privatekey", b"private_key", b"private-key",
]  # fmt: skip
PEM = b"private key-----"
USER = re.compile(rb'://[^/\s"\\@?#]+@')


def mix_case(word: bytes, upper: list[bool]) -> bytes:
    return bytes(ord(chr(letter).upper()) if up else letter for letter, up in zip(word, upper, strict=True))


@st.composite
def mixed_words(draw: st.DrawFn) -> bytes:
    """A word in any case, or a part of it."""
    word = draw(st.sampled_from([*WORDS, PEM]))
    upper = draw(st.lists(st.booleans(), min_size=len(word), max_size=len(word)))
    return mix_case(word, upper)[: draw(st.integers(3, 16))]


PARTS = mixed_words() | st.binary(max_size=20) | st.sampled_from([b"://", b"@", b"/", b"http://u:p@h", b" ", b'"'])
BODIES = st.lists(st.lists(PARTS, max_size=12).map(b"".join), max_size=5)


def find_plainly(body: bytes) -> set[tuple[int, int]]:
    lower = body.lower()
    return {(at, at + len(word)) for word in WORDS for at in range(len(body)) if lower.startswith(word, at)}


@given(BODIES)
def test_s6_every_word_is_found_where_it_is(bodies: list[bytes]) -> None:
    """In any case, next to anything, in several bodies; and no body that has none of them is suspect."""
    suspects = find_suspects(bodies)
    for position, body in enumerate(bodies):
        words = find_plainly(body)
        assert set(suspects.get(position, [])) == words
        if words or PEM in body.lower() or USER.search(body):
            assert position in suspects


def test_s6_every_word_is_found_at_every_byte() -> None:
    """The search looks at two bytes at a time, sixteen in a place."""
    for word in WORDS:
        for before in range(40):
            spans = find_suspects([b"{" * before + word])
            assert set(spans[0]) == {(before, before + len(word))}, (word, before)
    assert all(find_suspects([b"{" * before + PEM]) == {0: []} for before in range(40))


@given(BODIES.map(b"".join))
def test_s6_every_user_of_a_url_is_found(text: bytes) -> None:
    """From the scheme to the at sign, as a regular expression would."""
    assert list(find_users(text)) == [match.span() for match in USER.finditer(text)]
