"""``[sources.git]`` of dora.toml, and which repository addresses are safe to hand to git."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError
from ingest.core.paths import at_home

TIMEOUT_SECONDS = 600.0
SKEW_HOURS = 24.0
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"
_USER = r"[A-Za-z0-9._~][A-Za-z0-9._~%+:-]*"
_PATH = r"[A-Za-z0-9._~+@%=/-]+"
_WEB = re.compile(rf"(https|ssh)://(?:{_USER}@)?{_HOST}(?::\d{{1,5}})?/{_PATH}")
_SCP = re.compile(rf"[A-Za-z0-9._][A-Za-z0-9._-]*@{_HOST}:(?!-){_PATH}")
_LOCAL = re.compile(r"(?![-])(?!.*::)(?:[/.][^\x00-\x1f\x7f]*|[^:\x00-\x1f\x7f]+)")
_API = re.compile(rf"https://{_HOST}(?::\d{{1,5}})?(?:/{_PATH})?/?|http://(?:127\.0\.0\.1|localhost)(?::\d{{1,5}})?")
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII)
_SLUG = re.compile(r"[A-Za-z0-9][\w.-]*/(?!\.)[\w.-]+", re.ASCII)
_TRUNK = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9_*][\w./+@#*-]*", re.ASCII)


class GitHubSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[sources.git.github]``: its API, where the token is, and how many days back a first run looks."""

    api: str = "https://api.github.com"
    token_env: str = "DORA_GITHUB_TOKEN"  # noqa: S105 - a variable's name
    token_file: str | None = None
    since_days: int = 90

    def slug(self, url: str, given: str | None) -> str | None:
        """``owner/name`` by which the API knows a repository: as given, or by an address on the same host."""
        host = (urlsplit(self.api).hostname or "").removeprefix("api.")
        named = re.search(rf"(?:@|://){re.escape(host)}(?::\d+)?[:/]", url)
        return given or (default_name(url) if named and host else None)


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """One repository to mirror: where it is and what it is called.

    ``trunks`` are names or globs of the branches whose lines are its changes, the trunk first (none: what its
    HEAD names). ``paths`` lands the files of each change, ``sizes`` how much of them it changed; ``owners`` are the
    applications of each owner in its CODEOWNERS. ``slug`` is its name in GitHub's API where its requests are to be
    read. ``skew_seconds`` is by how much clocks may disagree.
    """

    url: str
    name: str
    protocol: str
    trunks: tuple[str, ...] = ()
    paths: bool = False
    sizes: bool = False
    owners: Mapping[str, tuple[str, ...]] = {}
    slug: str | None = None
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
    github: str | None = None


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    repositories: list[_Entry]
    timeout_seconds: float = TIMEOUT_SECONDS
    clock_skew_hours: float = SKEW_HOURS
    github: GitHubSettings | None = None


class Settings(NamedTuple):
    """The repositories of ``[sources.git]``, the deadline of one git command in seconds, and GitHub's API."""

    repositories: list[Repository]
    timeout_seconds: float = TIMEOUT_SECONDS
    github: GitHubSettings | None = None


def read(settings: Mapping[str, Any]) -> Settings:
    """What ``[sources.git]`` says.

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
    if section.github and not _API.fullmatch(section.github.api):
        raise _refused(f"{without_userinfo(section.github.api)!r} is not an https:// address of an API")
    repositories = [_repository(entry, section) for entry in section.repositories]
    folders = [repository.folder.lower() for repository in repositories]
    for repository in repositories:
        if folders.count(repository.folder.lower()) > 1:
            raise _refused(f"two repositories are called {repository.name}; give one of them a `name`")
    return Settings(repositories, section.timeout_seconds, section.github)


def _repository(entry: _Entry, section: _Section) -> Repository:
    protocol, url = _address(entry.url)
    name = default_name(url) if entry.name is None else entry.name
    if not _NAME.fullmatch(name):
        raise _refused(f"{name!r} is not a repository name such as owner/name")
    if entry.github is not None and not _SLUG.fullmatch(entry.github):
        raise _refused(f"{entry.github!r} is not owner/name of a repository on GitHub")
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
        slug=section.github.slug(url, entry.github) if section.github else None,
        skew_seconds=section.clock_skew_hours * 3600,
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
