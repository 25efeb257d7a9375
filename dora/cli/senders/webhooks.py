"""Senders to the webhooks of Slack and Microsoft Teams."""

from __future__ import annotations

import json
import re
from typing import Any

from dora.cli.senders.errors import UnsentError
from dora.cli.senders.post import Client
from dora.config.digest import Slack, Teams, Webhook, check_url
from dora.config.secret_files import read_secret
from dora.errors import AuthError, DoraError, UsageError
from dora.export.digest import slack, teams
from dora.export.digest.message import Message
from ingest.http.transport import Response, origin

JSON = {"Content-Type": "application/json; charset=utf-8", "Accept": "*/*"}
REFUSED = frozenset({401, 403, 404, 410})
CODE = re.compile(rb"[a-z_]{2,40}")


class WebhookSender:
    """Posts one message to one address."""

    def __init__(self, settings: Slack | Teams, name: str) -> None:
        self._settings, self._name = settings, name

    @property
    def place(self) -> str:
        """What the digest is sent to, for people: no secret."""
        settings = self._settings
        return f"the webhook of {settings.type} in {settings.url_file or f'${settings.url_env}'}"

    def read_places(self) -> tuple[str, ...]:
        """Return the address. Raises ``UsageError`` if it is missing or not https."""
        return (_read_url(self._settings, self._name),)

    def preview(self, message: Message, key: str) -> dict[str, Any]:
        """Return the body of the request."""
        return self._body(message, _picture_url(self._settings, key))

    def send(self, message: Message, key: str, places: tuple[str, ...]) -> list[str]:
        """Post the message. Raises ``AuthError`` for the address, ``PartialError`` if it does not arrive."""
        (url,) = places
        picture_url = publish_picture(self._settings, message, key)
        body = json.dumps(self._body(message, picture_url), ensure_ascii=False).encode()
        response = Client(self._settings.ca_file).post(url, JSON, body)
        accepted = response.body.strip() == b"ok" if isinstance(self._settings, Slack) else response.status < 300
        if response.status >= 300 or not accepted:
            raise _refusal(url, response, self._settings)
        return []

    def _body(self, message: Message, picture_url: str | None) -> dict[str, Any]:
        if isinstance(self._settings, Slack):
            return slack.webhook_body(message, picture_url)
        return teams.webhook_body(message, picture_url)


def _read_url(settings: Webhook, name: str) -> str:
    url = read_secret(settings.url_env, settings.url_file, "nothing was sent")
    source = settings.url_file or f"${settings.url_env}"
    if not url:
        raise UsageError(
            f"[digest.{name}] needs the address of a webhook, and {source} is empty; nothing was sent.",
            f"set {settings.url_env}, or name a file as url_file; never write the address into dora.toml.",
        )
    return check_url(url, f"The address in {source}")


def _picture_url(settings: Webhook, key: str) -> str | None:
    if settings.picture_url is None or not settings.picture:
        return None
    return f"{settings.picture_url.rstrip('/')}/digest-{key}.png"


def publish_picture(settings: Webhook, message: Message, key: str) -> str | None:
    """Write the picture to the folder that a web server publishes, and return its address; null without one.

    Raises ``DoraError`` if it can not be written.
    """
    url, folder, picture = _picture_url(settings, key), settings.picture_folder, message.picture()
    if url is None or folder is None or picture is None:
        return None
    path = folder.expanduser() / f"digest-{key}.png"
    try:
        path.write_bytes(picture)
        path.chmod(0o644)  # the web server is another user
    except OSError as error:
        raise DoraError(
            f"{path} can not be written ({error.strerror}); nothing was sent.", "create the folder, or unset it."
        ) from None
    return url


def _refusal(url: str, response: Response, settings: Webhook) -> DoraError:
    """Return the error of a refused message, with the code that the server gives; never with its text."""
    code = f" {response.body.strip().decode()}" if CODE.fullmatch(response.body.strip()) else ""
    if response.status in REFUSED:
        return AuthError(
            f"{origin(url)} does not accept the address of the webhook ({response.status}{code}); nothing was sent.",
            f"create a webhook again, and put its address into {settings.url_file or settings.url_env}.",
        )
    return UnsentError(
        f"{origin(url)} refuses the message ({response.status}{code}); nothing was sent.",
        "check that the address is that of a webhook; `--show` prints the message.",
    )
