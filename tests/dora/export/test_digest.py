"""Digests as messages: limits of each channel, and no text that is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dora.export.digest import mail, slack, teams
from dora.export.digest.message import Line, Message, plain_text

TEXTS = st.text(alphabet=st.one_of(st.sampled_from("<>&|*_~`@!#[]()\\ \"'"), st.characters()), max_size=60)
LINES = st.builds(Line, TEXTS, TEXTS, st.just("worse"), TEXTS, st.just("https://m.example/x?a=1&b=2#c"), TEXTS)
ROWS = st.lists(st.fixed_dictionaries({"team": TEXTS, "Lead time": TEXTS}), max_size=4)
MESSAGES = st.builds(
    Message, TEXTS, TEXTS, st.lists(LINES, max_size=3), TEXTS, ROWS, st.lists(TEXTS, max_size=3), st.none()
)
LONG = "<&>" * 2000


def long_message(rows: int) -> Message:
    """Sentences and many rows of the longest texts."""
    line = Line(LONG[:900], LONG[:2900], "worse", "9 changes", "https://m.example/", "dora explain")
    scorecard = [{"team": f"{number} {LONG[:200]}", "Lead time": LONG[:200]} for number in range(rows)]
    return Message("Delivery brief", "June", [line] * 3, "Nothing.", scorecard, [LONG[:2900]], "https://m.example/")


@given(TEXTS)
def test_slack_reads_no_markup_in_text(text: str) -> None:
    """No bracket is left, an ampersand begins an escaped character, and no mark of a format is at an edge of a word."""
    escaped = slack.escape(text)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", escaped)
    assert not re.search(r"(?<!\w)[*_~`]|[*_~`](?!\w)", escaped)


@given(MESSAGES)
def test_blocks_of_slack_have_only_our_links(message: Message) -> None:
    """Whatever names and texts are, the only brackets are those of the links to rows."""
    for block in slack.blocks(message):
        for text in [block.get("text"), *block.get("elements", ())]:
            if text and text["type"] == "mrkdwn":
                links = re.findall(r"<([^|>]*)[|>]", text["text"])
                assert set(links) <= {"https://m.example/x?a=1&amp;b=2#c"}
                assert len(links) == text["text"].count("<")


def test_slack_keeps_its_limits() -> None:
    """50 blocks, 3,000 characters a section; an escaped character is not cut; what is left out is said."""
    blocks = slack.blocks(long_message(300))
    assert len(blocks) <= 50
    texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    assert max(map(len, texts)) <= 3000
    assert all(not re.search(r"&(?!amp;|lt;|gt;)", text) for text in texts)
    assert "20 of 300 rows" in json.dumps(blocks)
    assert all("https://m.example/" in text for text in texts[:3])


@given(MESSAGES)
def test_a_card_has_text_runs_only(message: Message) -> None:
    """Every text of a card is in a run, in which Teams reads no markup."""
    card = teams.webhook_body(message)["attachments"][0]["content"]
    assert {element["type"] for element in card["body"]} <= {"RichTextBlock", "Table"}
    assert 'TextBlock"' not in json.dumps(card).replace('RichTextBlock"', "")


def test_a_card_keeps_its_limit() -> None:
    """28 kB with 300 teams and with a picture of any size; what is left out is said, a picture that fits is shown."""
    message = long_message(300)
    body = teams.webhook_body(message)
    assert len(json.dumps(body, ensure_ascii=False).encode()) <= teams.MAX_BYTES
    assert re.search(r"\d+ of 300 rows", json.dumps(body))
    short = replace(message, lines=[], draw=lambda rows, _scale: b"x" * 3000 * rows)
    image = next(
        part for part in teams.webhook_body(short)["attachments"][0]["content"]["body"] if part["type"] == "Image"
    )
    assert 4000 <= len(image["url"]) <= teams.MAX_BYTES


@settings(max_examples=30)  # a template each
@given(MESSAGES)
def test_a_page_of_a_mail_has_only_our_tags(message: Message) -> None:
    """No text is a tag or an address: the tags are as many as with plain texts."""
    harmless = Message(
        "x", "x", [replace(line, headline="x", rest="x", label="x", command="x") for line in message.lines], "x",
        [dict.fromkeys(row, "x") for row in message.rows], ["x"] * len(message.notes),
    )  # fmt: skip
    tags = [re.findall(r"<(\w+)", mail.render_html(each)) for each in (message, harmless)]
    assert tags[0] == tags[1]


def test_the_text_of_a_mail_has_every_row() -> None:
    """Each team and number, also without a picture."""
    text = plain_text(long_message(40))
    assert all(f"\n{number} <&>" in text for number in range(40))
