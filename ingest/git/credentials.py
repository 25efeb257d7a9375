"""Take user and password out of an address, and hand them to git so that no process has them among its arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

USER, PASSWORD = "DORA_GIT_USER", "DORA_GIT_PASSWORD"
# git passes this text to a shell, which reads the variables itself: printf is a part of the shell and no process.
HELPER = f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${USER}" "${PASSWORD}"; }}; f'


class Access(NamedTuple):
    """What git needs to reach a repository: the address without secrets, its config, and secret variables."""

    url: str
    config: Mapping[str, str]
    secrets: Mapping[str, str]


def separate_credentials(url: str) -> Access:
    """Return the access to an address of the web, or to any other address as it is.

    git asks for the credentials only for the scheme, host and port of the address: a server that redirects gets none.
    If ``GIT_ASKPASS`` is set and the address has no password, git runs that program.
    """
    if not url.startswith(("https://", "http://")) or "@" not in (place := urlsplit(url).netloc):
        return Access(url, {}, {})
    userinfo, _, host = place.rpartition("@")
    user, has_password, password = userinfo.partition(":")
    origin = f"{urlsplit(url).scheme}://{host}"
    address = url.replace(place, host, 1)
    if not has_password and "GIT_ASKPASS" in os.environ:
        return Access(address, {f"credential.{origin}.username": unquote(user)}, {})
    return Access(address, {f"credential.{origin}.helper": HELPER}, {USER: unquote(user), PASSWORD: unquote(password)})
