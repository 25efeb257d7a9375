"""A digest as a mail: text, HTML with links, and the scorecard as a picture in it."""

from __future__ import annotations

import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from importlib.resources import files

from dora.config.digest import Mail, parse_address
from dora.export.digest.message import Message, plain_text

PICTURE = "scorecard"
UNBROKEN = re.compile(r"(?<=\bn) (?==)|(?<==) (?=\d)|(?<=\d) (?=%|/|min\b|[dhs]\b)")  # spaces within a quantity


def compose(message: Message, mail: Mail, name: str, key: str, now: datetime) -> EmailMessage:
    """Return the mail of a destination. ``key`` is the digest's id, ``now`` has a time zone."""
    sender = parse_address(mail.sender, "sender")
    domain = sender.domain
    letter = EmailMessage(policy=SMTP.clone(max_line_length=78))
    letter["From"] = sender
    letter["To"] = tuple(parse_address(recipient, "recipients") for recipient in mail.recipients)
    letter["Subject"] = message.summary
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<dora-digest.{key}.{now:%Y%m%d%H%M%S}@{domain}>"
    letter["List-Id"] = f"<{re.sub(r'[^a-zA-Z0-9-]', '-', name)}.dora-digest.{domain}>"
    letter["Auto-Submitted"] = "auto-generated"  # out-of-office replies stay away, RFC 3834
    letter.set_content(plain_text(message), cte="quoted-printable")
    picture_id = f"{PICTURE}.{key}@{domain}"
    picture = message.picture()
    page = render_html(message, f"cid:{picture_id}" if picture else None)
    letter.add_alternative(page, subtype="html", cte="quoted-printable")
    if picture:
        html = letter.get_payload(1)
        assert isinstance(html, EmailMessage)  # noqa: S101 - of two alternatives
        html.add_related(picture, "image", "png", cid=f"<{picture_id}>", disposition="inline",
                         filename=f"{PICTURE}.png")  # fmt: skip
    return letter


def render_html(message: Message, picture_source: str | None = None) -> str:
    """Return the page of a mail: tables and inline styles, which every mail program knows; each text is escaped."""
    from jinja2 import Environment  # noqa: PLC0415 - 50 ms that other channels need not pay

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["unbroken"] = lambda text: UNBROKEN.sub("\N{NO-BREAK SPACE}", text)
    template = environment.from_string(files("dora.export.digest").joinpath("mail.html.j2").read_text("utf-8"))
    return template.render(message=message, picture=picture_source)
