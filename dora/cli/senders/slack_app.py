"""Posts a digest with its picture as an app of Slack: a webhook can not carry a file."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from dora.cli.senders.errors import UnsentError
from dora.cli.senders.post import Client
from dora.config.digest import Slack, check_url
from dora.config.secret_files import read_secret
from dora.errors import AuthError, UsageError
from dora.export.digest import slack
from dora.export.digest.message import Message
from ingest.http.transport import origin

PICTURE = "scorecard.png"
AUTH_ERRORS = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
                         "missing_scope", "no_permission", "not_allowed_token_type"})  # fmt: skip


class SlackAppSender:
    """Uploads the picture and shares it with the blocks in one message; without a picture posts the blocks."""

    def __init__(self, settings: Slack, name: str) -> None:
        self._settings, self._name = settings, name
        self._client = Client(settings.ca_file)

    @property
    def place(self) -> str:
        """What the digest is sent to, for people."""
        return f"channel {self._settings.channel} of slack"

    def read_places(self) -> tuple[str, ...]:
        """Return the channel. Raises ``UsageError`` without a token."""
        self._headers()
        return (f"{self._settings.api} {self._settings.channel}",)

    def preview(self, message: Message, key: str) -> dict[str, Any]:
        """Return what is posted."""
        has_picture = message.draw is not None and bool(message.rows)
        body = slack.webhook_body(message) | {"blocks": slack.blocks(message, has_picture=has_picture)}
        return {"channel": self._settings.channel, **body} | ({"files": [PICTURE]} if has_picture else {})

    def send(self, message: Message, key: str, places: tuple[str, ...]) -> list[str]:
        """Post the message. Raises ``AuthError`` for the token, ``PartialError`` if it does not arrive."""
        channel, picture = self._settings.channel or "", message.picture()
        blocks = json.dumps(slack.blocks(message, has_picture=picture is not None), ensure_ascii=False)
        if picture is None:
            text = slack.escape(message.summary)
            self._call(
                "chat.postMessage", {"channel": channel, "text": text, "blocks": blocks, "unfurl_links": "false"}
            )
            return []
        alt = message.picture_text[:1000]
        upload = self._call("files.getUploadURLExternal",
                            {"filename": PICTURE, "length": str(len(picture)), "alt_txt": alt},
                            publishes=False)  # fmt: skip
        url = check_url(str(upload.get("upload_url", "")), "The address that Slack gives for the picture")
        response = self._client.post(url, {"Content-Type": "image/png"}, picture, publishes=False)
        if response.status != 200:
            raise UnsentError(f"{origin(url)} refuses the picture ({response.status}); nothing was sent.",
                              "repeat the command, or set picture = false.")  # fmt: skip
        files = json.dumps([{"id": upload.get("file_id"), "title": message.title}])
        self._call("files.completeUploadExternal", {"files": files, "channel_id": channel, "blocks": blocks})
        return []

    def _headers(self) -> dict[str, str]:
        token = read_secret(self._settings.token_env, self._settings.token_file, "nothing was sent")
        if not token or not token.isascii() or not token.isprintable():
            source = self._settings.token_file or f"${self._settings.token_env}"
            raise UsageError(
                f"[digest.{self._name}] has a channel and needs the token of an app, and {source} has none; nothing was"
                " sent.",
                "set it to the bot token with files:write and chat:write; without channel a webhook posts.",
            )
        return {"Authorization": f"Bearer {token}"}

    def _call(self, method: str, form: dict[str, str], *, publishes: bool = True) -> dict[str, Any]:
        api = self._settings.api.rstrip("/")
        response = self._client.post(f"{api}/{method}", self._headers(), form, publishes=publishes)
        try:
            reply = msgspec.json.decode(response.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            reply = {}
        if reply.get("ok") is True:
            return reply
        error = reply.get("error")
        code = error if isinstance(error, str) and error.isidentifier() else f"status {response.status}"
        if code in AUTH_ERRORS or response.status in (401, 403):
            raise AuthError(
                f"{origin(api)} does not accept the token for {method} ({code}); nothing was sent.",
                f"give {self._settings.token_env} the bot token of an app with files:write and chat:write.",
            )
        raise UnsentError(
            f"{origin(api)} refuses {method} ({code}); nothing was sent.",
            "check the channel's id, and invite the app: /invite in the channel.",
        )
