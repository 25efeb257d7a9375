"""What would be sent, for people: everything but the bytes of pictures, and as files with them."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from dora.errors import DoraError
from dora.export.digest.message import Message
from dora.render import console

DATA_URL = re.compile(r"(data:image/png;base64,)[A-Za-z0-9+/=]+")


def describe(content: dict[str, Any] | EmailMessage) -> str:
    """Return a message as text; of a picture its size."""
    if isinstance(content, dict):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        return DATA_URL.sub(lambda url: f"{url[1]}… ({len(url[0]) - len(url[1]):,} characters)", text)
    parts = [part for part in content.walk() if not part.is_multipart()]
    headers = [f"{name}: {value}" for name, value in content.items()]
    texts = [part.get_content() for part in parts if part.get_content_type() == "text/plain"]
    others = [f"[{part.get_content_type()}, {len(part.get_payload(decode=True) or b''):,} bytes]" for part in parts[1:]]
    return "\n".join([*headers, "", *texts, *others])


def write_preview(folder: Path, name: str, content: dict[str, Any] | EmailMessage, message: Message) -> None:
    """Write the message to a folder: of a mail the mail and its page, else JSON; and the picture.

    Raises ``DoraError`` if it can not be written.
    """
    files: dict[str, bytes] = {}
    if isinstance(content, dict):
        files[f"{name}.json"] = json.dumps(content, indent=2, ensure_ascii=False).encode()
    else:
        files[f"{name}.eml"] = content.as_bytes()
    if picture := message.picture():
        files[f"{name}.png"] = picture
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            (folder / file).write_bytes(data)
            console.print_note(f"{folder / file}: {len(data):,} bytes")
    except OSError as error:
        raise DoraError(f"{folder} can not be written ({error.strerror}).", "name another folder.") from None
