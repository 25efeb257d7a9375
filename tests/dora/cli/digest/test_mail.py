"""Digests by mail, over real SMTP to a server on loopback."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from dora.errors import AuthError, DoraError, PartialError, UsageError
from tests.dora.cli.digest.conftest import HOSTILE, Outcome
from tests.dora.cli.digest.servers import Mailbox, serve_mail

Digest = Callable[..., Outcome]
Send = Callable[..., DoraError | None]
PASSWORD = {"DORA_SMTP_PASSWORD": "s3cret"}


def settings(box: Mailbox, **more: Any) -> dict[str, Any]:
    table = {
        "type": "mail", "host": "127.0.0.1", "port": box.port, "security": "none",
        "sender": "Delivery <dora@example.com>", "recipients": ["Ada <ada@example.com>", "bo@example.com"], **more,
    }  # fmt: skip
    return {"mail": table}


class Tags(HTMLParser):
    """Tags and addresses of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_has_text_page_and_picture(digest: Digest) -> None:
    """Both recipients get one mail; the page shows the picture that is in it, and loads nothing else."""
    with serve_mail() as box:
        outcome = digest("--to", "mail", settings=settings(box))
    assert outcome.error is None, outcome.text
    ((recipients, mail),) = box.mails
    assert recipients == ["ada@example.com", "bo@example.com"]
    assert mail.get_content_type() == "multipart/alternative"
    assert (mail["From"], mail["To"]) == ("Delivery <dora@example.com>", "Ada <ada@example.com>, bo@example.com")
    assert re.fullmatch(r"<dora-digest\.[0-9a-f]{16}\.\d{14}@example\.com>", mail["Message-ID"])
    assert (mail["List-Id"], mail["Auto-Submitted"]) == ("<mail.dora-digest.example.com>", "auto-generated")
    assert mail["Date"].datetime.tzinfo is not None
    page = Tags(body(mail, "html"))
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert picture.get_content().startswith(b"\x89PNG")
    (source,) = (address for address in page.addresses if address.startswith("cid:"))
    assert picture["Content-ID"] == f"<{source.removeprefix('cid:')}>"
    others = [address for address in page.addresses if address != source]
    assert others
    assert all(address.startswith("https://metrics.example.com/dora/") for address in others)
    assert "Data through 2026-04-27 00:00 UTC." in body(mail, "plain")


def test_names_are_text_in_every_part(digest: Digest) -> None:
    """A hostile team name is no tag, no header and no link, and is there as it is."""
    with serve_mail() as box:
        digest("--to", "mail", settings=settings(box, teams=[HOSTILE]))
    ((_, mail),) = box.mails
    page = Tags(body(mail, "html"))
    assert page.tags.isdisjoint({"script", "iframe", "form"})
    assert all("beacon" not in address.partition("?")[0] for address in page.addresses)
    assert HOSTILE in page.text
    assert HOSTILE in body(mail, "plain")
    assert HOSTILE in mail["Subject"]


def test_starttls_and_login_are_used(send: Send, certificates: Any) -> None:
    """The connection is encrypted before user and password are sent; without the authority nothing is."""
    with serve_mail(certificates.context("server"), password="s3cret") as box:
        secure = settings(box, security="starttls", user="dora")["mail"]
        assert send({**secure, "ca_file": certificates.ca}, "mail", **PASSWORD) is None
        assert (box.logins, box.encrypted) == ([(b"dora", b"s3cret")], [True])
        box.logins.clear()
        error = send(secure, "mail", **PASSWORD)
    assert isinstance(error, PartialError)
    assert "not trusted" in str(error)
    assert (box.logins, len(box.mails)) == ([], 1)


def test_a_wrong_password_is_an_error_of_its_own(send: Send, certificates: Any) -> None:
    """Exit 4 names the variable; the password is not."""
    with serve_mail(certificates.context("server"), password="another") as box:
        secure = settings(box, security="starttls", user="dora", ca_file=certificates.ca)["mail"]
        error = send(secure, "mail", **PASSWORD)
    assert isinstance(error, AuthError)
    assert "DORA_SMTP_PASSWORD" in str(error)
    assert "s3cret" not in str(error)


def test_a_server_without_starttls_gets_nothing(send: Send) -> None:
    """Neither password nor mail, so that a server in between can not read them by leaving STARTTLS out."""
    with serve_mail() as box:
        error = send(settings(box, security="starttls", user="dora")["mail"], "mail", **PASSWORD)
    assert isinstance(error, PartialError)
    assert "offers no STARTTLS" in str(error)
    assert (box.mails, box.logins) == ([], [])


def test_a_refused_recipient_does_not_keep_the_others_from_theirs(digest: Digest) -> None:
    """It is named, and when it is accepted later it alone gets the mail."""
    with serve_mail() as box:
        box.refuse["ada@example.com"] = "550 no such user"
        first = digest("--to", "mail", settings=settings(box))
        assert isinstance(first.error, PartialError)
        assert "ada@example.com" in first.text
        box.refuse.clear()
        assert digest("--to", "mail", settings=settings(box)).error is None
        assert digest("--to", "mail", settings=settings(box)).error is None
    assert [recipients for recipients, _ in box.mails] == [["bo@example.com"], ["ada@example.com"]]


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(send: Send) -> None:
    """A reply of 4xx is repeated, one of 5xx is not."""
    with serve_mail() as box:
        box.on_data = ["451 later", "250 OK"]
        assert send(settings(box)["mail"], "mail") is None
        box.on_data = ["554 spam", "250 OK"]
        error = send(settings(box)["mail"], "mail")
    assert isinstance(error, PartialError)
    assert "554" in str(error)
    assert len(box.mails) == 1


def test_a_connection_that_ends_after_the_content_is_not_repeated(digest: Digest) -> None:
    """The mail may be on its way; the next run says so and sends nothing."""
    with serve_mail() as box:
        box.on_data = [None]
        outcomes = [digest("--to", "mail", settings=settings(box)) for _ in range(2)]
    assert all(isinstance(outcome.error, PartialError) for outcome in outcomes)
    assert all("--again" in outcome.text for outcome in outcomes)
    assert box.mails == []


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"recipients": []}, "recipients"),
        ({"recipients": ["ada@example.com\nBcc: eve@example.com"]}, "not one mail address"),
        ({"recipients": ["ada@example.com, eve@example.com"]}, "not one mail address"),
        ({"sender": "nobody"}, "not one mail address"),
        ({"sender": '"x\r\nBcc: eve@example.com" <dora@example.com>'}, "not one mail address"),
        ({"security": "none", "host": "smtp.example.com"}, "clear text"),
        ({"security": "ssl"}, "none, starttls, tls"),
        ({"host": "smtp.example.com/x", "security": "tls"}, "no host name"),
        ({"user": "dora"}, "DORA_SMTP_PASSWORD"),
        ({"password": "s3cret"}, "has no key password;"),
    ],
)
def test_a_wrong_setting_is_named_before_a_connection(digest: Digest, changes: dict[str, Any], part: str) -> None:
    """Usage, with the key and what to write."""
    outcome = digest("--to", "mail", settings=settings(Mailbox(port=9), **changes))
    assert isinstance(outcome.error, UsageError), outcome.text
    assert part in outcome.text
    assert "s3cret" not in outcome.text


def test_show_prints_headers_text_and_the_sizes_of_the_rest(digest: Digest) -> None:
    """Nothing is sent, and no password is needed."""
    outcome = digest("--to", "mail", "--show", settings=settings(Mailbox(port=9), user="dora"))
    assert outcome.error is None, outcome.text
    assert "Subject: Delivery brief of all teams" in outcome.stdout
    assert re.search(r"\[image/png, [\d,]+ bytes\]", outcome.stdout)
