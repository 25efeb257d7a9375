"""Where ``dora digest --to`` sends the brief: the tables ``[digest.NAME]`` of dora.toml.

No secret is a setting. Each is in an environment variable or a file that the settings name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from dora.config.validation import convert
from dora.errors import UsageError

DEFAULT_WINDOW = "90d"
SLACK_API = "https://slack.com/api"
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Destination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every destination has.

    ``since`` is the window of the brief, ``teams`` and ``applications`` what it is about; by default all. ``picture``
    adds the scorecard as a picture. ``ca_file`` has the authority that signed the server's certificate, if the system
    does not know it.
    """

    type: str = ""
    since: str = DEFAULT_WINDOW
    teams: list[str] = []
    applications: list[str] = []
    picture: bool = True
    ca_file: str | None = None


class Webhook(Destination, frozen=True, kw_only=True):
    """An address that accepts a message, in the variable ``url_env`` or the file ``url_file``.

    A message of a webhook can not carry a file. With ``picture_folder`` the picture is written there, and the message
    shows it from ``picture_url``, the address at which a web server publishes the folder.
    """

    url_env: str = ""
    url_file: str | None = None
    picture_folder: Path | None = None
    picture_url: str | None = None


class Slack(Webhook, frozen=True, kw_only=True):
    """An incoming webhook of Slack; or a ``channel`` (its id) to which an app posts with its token and the picture."""

    type: Literal["slack"] = "slack"
    url_env: str = "DORA_SLACK_URL"
    channel: str | None = None
    token_env: str = "DORA_SLACK_TOKEN"  # noqa: S105 - a name
    token_file: str | None = None
    api: str = SLACK_API


class Teams(Webhook, frozen=True, kw_only=True):
    """A webhook of a workflow in Microsoft Teams."""

    type: Literal["teams"] = "teams"
    url_env: str = "DORA_TEAMS_URL"


class Mail(Destination, frozen=True, kw_only=True):
    """A mail server, and whom it sends to.

    ``security`` is ``starttls``, ``tls`` from the first byte, or ``none`` on this machine only. ``user`` logs in with
    the password in the variable ``password_env`` or the file ``password_file``.
    """

    host: str
    sender: str
    recipients: Annotated[list[str], msgspec.Meta(min_length=1)]
    type: Literal["mail"] = "mail"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str = "DORA_SMTP_PASSWORD"  # noqa: S105 - a name
    password_file: str | None = None

    @property
    def server(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or PORTS[self.security]


TYPES: dict[str, type[Slack | Teams | Mail]] = {"slack": Slack, "teams": Teams, "mail": Mail}


def read_destination(tables: Mapping[str, Mapping[str, Any]], name: str) -> Slack | Teams | Mail:
    """Return the destination of ``[digest.NAME]``; ``slack`` and ``teams`` also exist without a table.

    Raises ``UsageError`` for a name that is no destination, an unknown key or a wrong value.
    """
    where = f"dora.toml: [digest.{name}]"
    table = dict(tables.get(name, {}))
    kind = TYPES.get(str(table.get("type", name)))
    if kind is None or (name not in tables and kind is Mail):
        names = ", ".join(sorted({*tables, "slack", "teams"}))
        raise UsageError(
            f"There is no destination {name!r}; nothing was sent. There are {names} and stdout.",
            f"write a table [digest.{name}] in dora.toml, with type slack, teams or mail; dora.example.toml has them.",
        )
    destination: Slack | Teams | Mail = convert(table, kind, where)
    if destination.ca_file and not Path(destination.ca_file).expanduser().is_file():
        raise UsageError(f"{where} ca_file: there is no {destination.ca_file}; nothing was sent.", "correct the path.")
    if isinstance(destination, Mail):
        _check_mail(destination, where)
    else:
        _check_picture(destination, where)
    if isinstance(destination, Slack):
        check_url(destination.api, f"{where} api")
    return destination


def check_url(url: str, what: str) -> str:
    """Return an address to send to. Raises ``UsageError`` without naming it if it is not https, or http to loopback."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not url.isascii() or not url.isprintable() or " " in url or not host or "@" in parts.netloc or parts.fragment:
        raise UsageError(f"{what} is not a web address; nothing was sent.", "write https://host/path, as it was given.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise UsageError(
            f"{what} is not encrypted; nothing was sent.", "use https; http is for servers on this machine only."
        )
    return url


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by its spelling."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_picture(destination: Webhook, where: str) -> None:
    if (destination.picture_folder is None) != (destination.picture_url is None):
        raise UsageError(
            f"{where}: picture_folder and picture_url belong together; nothing was sent.",
            "set both: the folder that a web server publishes, and its address.",
        )
    if destination.picture_url:
        check_url(destination.picture_url, f"{where} picture_url")


def _check_mail(mail: Mail, where: str) -> None:
    for key, text in (("sender", mail.sender), *(("recipients", recipient) for recipient in mail.recipients)):
        parse_address(text, f"{where} {key}")
    if not mail.host or not mail.host.isprintable() or " " in mail.host or "/" in mail.host or "@" in mail.host:
        raise UsageError(f"{where} host: {mail.host!r} is no host name; nothing was sent.", "write smtp.example.com.")
    if mail.security == "none" and not is_loopback(mail.host):
        raise UsageError(
            f'{where}: security = "none" sends mail and password in clear text to {mail.host}; nothing was sent.',
            'use "starttls" or "tls"; "none" is for a mail server on this machine only.',
        )


def parse_address(text: str, where: str) -> Address:
    """Return one mail address with or without a name. Raises ``UsageError`` for anything else."""
    addresses = getaddresses([text])
    name, address = addresses[0]
    try:
        if (
            len(addresses) > 1
            or not text.isprintable()
            or not address.isascii()
            or " " in address
            or not address.partition("@")[2]
        ):
            raise ValueError
        return Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError, MessageError):
        raise UsageError(
            f"{where}: {text!r} is not one mail address; nothing was sent.",
            "write ada@example.com, or Ada Lovelace <ada@example.com>.",
        ) from None
