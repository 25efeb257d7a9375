"""``[sources.git]`` of dora.toml, and which repository addresses are safe to hand to git."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError
from ingest.paths import at_home

TIMEOUT_SECONDS = 600.0
SKEW_HOURS = 24.0
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"
_USER = r"[A-Za-z0-9._~][A-Za-z0-9._~%+:-]*"
_PATH = r"[A-Za-z0-9._~+@%=/-]+"
_WEB = re.compile(rf"(https|ssh)://(?:{_USER}@)?{_HOST}(?::\d{{1,5}})?/{_PATH}")
_SCP = re.compile(rf"[A-Za-z0-9._][A-Za-z0-9._-]*@{_HOST}:(?!-){_PATH}")
_LOCAL = re.compile(r"(?![-])(?!.*::)(?:[/.][^\x00-\x1f\x7f]*|[^:\x00-\x1f\x7f]+)")
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII)
_TRUNK = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9_*][\w./+@#*-]*", re.ASCII)


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """One repository to mirror: where it is and what it is called.

    ``trunks`` are names or globs of the branches whose lines are its changes, the trunk first (none: what its
    HEAD names). ``paths`` lands the files of each change, ``sizes`` how much of them it changed; ``owners`` are the
    applications of each owner in its CODEOWNERS. ``skew_seconds`` is by how much clocks may disagree.
    """

    url: str
    name: str
    protocol: str
    trunks: tuple[str, ...] = ()
    paths: bool = False
    sizes: bool = False
    owners: Mapping[str, tuple[str, ...]] = {}
    skew_seconds: float = SKEW_HOURS * 3600

    @property
    def folder(self) -> str:
        """Name of its mirror's folder."""
        return self.name.replace("/", "__") + ".git"


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    name: str | None = None
    trunk: str | list[str] = []
    paths: bool = False
    sizes: bool = False
    codeowners: dict[str, tuple[str, ...]] = {}


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    repositories: list[_Entry]
    timeout_seconds: float = TIMEOUT_SECONDS
    clock_skew_hours: float = SKEW_HOURS


def read(settings: Mapping[str, Any]) -> tuple[list[Repository], float]:
    """The repositories of ``[sources.git]`` and the deadline of one git command in seconds.

    Raises ``UsageError`` where a key is unknown or an address is not safe to hand to git.
    """
    try:
        section = msgspec.convert(dict(settings), _Section)
    except msgspec.ValidationError as error:
        raise _refused(str(error)) from None
    if section.timeout_seconds <= 0:
        raise _refused("timeout_seconds is not above 0")
    if section.clock_skew_hours < 0:
        raise _refused("clock_skew_hours is below 0")
    repositories = [_repository(entry, section.clock_skew_hours) for entry in section.repositories]
    folders = [repository.folder.lower() for repository in repositories]
    for repository in repositories:
        if folders.count(repository.folder.lower()) > 1:
            raise _refused(f"two repositories are called {repository.name}; give one of them a `name`")
    return repositories, section.timeout_seconds


def _repository(entry: _Entry, skew_hours: float) -> Repository:
    protocol, url = _address(entry.url)
    name = default_name(url) if entry.name is None else entry.name
    if not _NAME.fullmatch(name):
        raise _refused(f"{name!r} is not a repository name such as owner/name")
    trunks = (entry.trunk,) if isinstance(entry.trunk, str) else tuple(entry.trunk)
    if wrong := [trunk for trunk in trunks if not _TRUNK.fullmatch(trunk)]:
        raise _refused(f"{wrong[0]!r} is not a branch name")
    return Repository(
        url=url,
        name=name,
        protocol=protocol,
        trunks=trunks,
        paths=entry.paths,
        sizes=entry.sizes,
        owners=entry.codeowners,
        skew_seconds=skew_hours * 3600,
    )


def _address(url: str) -> tuple[str, str]:
    """Protocol and address of a configured URL; everything that is not plainly one of three shapes is refused."""
    if web := _WEB.fullmatch(url):
        return web[1], url
    if _SCP.fullmatch(url):
        return "ssh", url
    if "://" not in url and _LOCAL.fullmatch(url):
        return "file", str(at_home(url).resolve())
    raise _refused(f"{without_userinfo(url)!r} is not an https:// or ssh:// URL, user@host:path, or a local path")


def default_name(url: str) -> str:
    """``owner/name``: the last two parts of the address without ``.git``."""
    path = urlsplit(url).path if "://" in url else url if url.startswith("/") else url.partition(":")[2]
    parts = [part for part in path.split("/") if part]
    return "/".join(parts[-2:]).removesuffix(".git")


def without_userinfo(text: str) -> str:
    """The text without what may be a user and a password before the host of each URL in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


def _refused(what: str) -> UsageError:
    return UsageError(f"[sources.git]: {what}. Nothing was fetched.", "correct dora.toml.")
