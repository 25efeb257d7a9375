"""Read ``[sources.git]`` of dora.toml, and refuse repository addresses that are not safe to pass to git."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

import msgspec

from dora.errors import UsageError
from dora.unknown_keys import explain_unknown_key
from ingest.core.paths import at_home

TIMEOUT_SECONDS = 600.0
SKEW_HOURS = 24.0  # a developer's clock in another time zone, set as local time, is less than a day off
# An address may not start with "-", which git reads as an option, nor name a transport helper such as "ext::", which
# runs a program.
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"
_NAME_OF_USER = r"[A-Za-z0-9._~](?:[A-Za-z0-9._~+-]|%[2-9A-Fa-f][0-9A-Fa-f])*"  # ssh takes none from an address
# A line break in a password, %0a, would end a line of git's credential protocol.
_USER = rf"{_NAME_OF_USER}(?::(?:[A-Za-z0-9._~+:-]|%[2-9A-Fa-f][0-9A-Fa-f])*)?"
_PATH = r"[A-Za-z0-9._~+@%=/-]+"
_WEB = re.compile(rf"(https)://(?:{_USER}@)?{_HOST}(?::\d{{1,5}})?/{_PATH}")
_SSH = re.compile(rf"(ssh)://(?:{_NAME_OF_USER}@)?{_HOST}(?::\d{{1,5}})?/{_PATH}")
_SCP = re.compile(rf"[A-Za-z0-9._][A-Za-z0-9._-]*@{_HOST}:(?!-){_PATH}")
_LOCAL = re.compile(r"(?![-])(?!.*::)(?:[/.][^\x00-\x1f\x7f]*|[^:\x00-\x1f\x7f]+)")
_API = re.compile(
    rf"https://{_HOST}(?::\d{{1,5}})?(?:/{_PATH})?/?|http://(?:127\.0\.0\.1|localhost)(?::\d{{1,5}})?(?:/{_PATH})?/?"
)
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII)
_SLUG = re.compile(r"[A-Za-z0-9][\w.-]*/(?!\.)[\w.-]+", re.ASCII)
_PROJECT = re.compile(r"[A-Za-z0-9_][\w.-]*(?:/(?!\.)[\w.-]+)+", re.ASCII)
_TRUNK = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9_*][\w./+@#*-]*", re.ASCII)


class HostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The API of a host, where its token is, and how many days the first run goes back."""

    section: ClassVar[str]

    api: str = ""
    token_env: str = ""
    token_file: str | None = None
    since_days: int = 90

    def is_host_of(self, url: str) -> bool:
        """Return whether an address is on the host of the API."""
        host = (urlsplit(self.api).hostname or "").removeprefix("api.")
        return bool(host and re.search(rf"(?:@|://){re.escape(host)}(?::\d+)?[:/]", url))


class GitHubSettings(HostSettings, frozen=True, forbid_unknown_fields=True):
    """``[sources.git.github]``."""

    section: ClassVar[str] = "sources.git.github"

    api: str = "https://api.github.com"
    token_env: str = "DORA_GITHUB_TOKEN"  # noqa: S105 - the name of a variable, not a token

    def slug(self, url: str, configured_slug: str | None) -> str | None:
        """Return ``owner/name`` of a repository in the API: as configured, or from an address on the same host."""
        return configured_slug or (default_name(url) if self.is_host_of(url) else None)


class GitLabSettings(HostSettings, frozen=True, forbid_unknown_fields=True):
    """``[sources.git.gitlab]``; ``api`` ends with ``/api/v4``."""

    section: ClassVar[str] = "sources.git.gitlab"

    api: str = "https://gitlab.com/api/v4"
    token_env: str = "DORA_GITLAB_TOKEN"  # noqa: S105 - the name of a variable, not a token

    def slug(self, url: str, configured_slug: str | None) -> str | None:
        """Return the path of a project, with its groups: as configured, or from an address on the same host."""
        if configured_slug or not self.is_host_of(url):
            return configured_slug
        path = urlsplit(url).path if "://" in url else url.partition(":")[2]
        root = urlsplit(self.api).path.removesuffix("/").removesuffix("/api/v4").strip("/")  # of an own address
        return path.strip("/").removesuffix(".git").removeprefix(f"{root}/" if root else "")


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """One repository to mirror.

    ``trunks`` are names or globs of the branches whose first-parent lines are the changes, the main trunk first; by
    default it is the branch that HEAD names. ``paths`` lands the paths of each change, ``sizes`` its files and lines.
    ``owners`` are the applications of each owner in CODEOWNERS. ``slug`` is the repository in GitHub's API and
    ``project`` in GitLab's; null if its requests are not read there. ``skew_seconds`` is the difference that clocks
    may have.
    """

    url: str
    name: str
    protocol: str
    trunks: tuple[str, ...] = ()
    paths: bool = False
    sizes: bool = False
    owners: Mapping[str, tuple[str, ...]] = {}
    slug: str | None = None
    project: str | None = None
    skew_seconds: float = SKEW_HOURS * 3600

    @property
    def folder(self) -> str:
        """Return the name of the mirror's folder."""
        return self.name.replace("/", "__") + ".git"


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    name: str | None = None
    trunk: str | list[str] = []
    paths: bool = False
    sizes: bool = False
    codeowners: dict[str, tuple[str, ...]] = {}
    github: str | None = None
    gitlab: str | None = None


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    repositories: list[_Entry]
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = TIMEOUT_SECONDS
    clock_skew_hours: Annotated[float, msgspec.Meta(ge=0)] = SKEW_HOURS
    github: GitHubSettings | None = None
    gitlab: GitLabSettings | None = None


class Settings(NamedTuple):
    """The repositories of ``[sources.git]``, the timeout of one git command in seconds, and the APIs of their hosts."""

    repositories: list[Repository]
    timeout_seconds: float = TIMEOUT_SECONDS
    github: GitHubSettings | None = None
    gitlab: GitLabSettings | None = None


def read_settings(settings: Mapping[str, Any]) -> Settings:
    """Return ``[sources.git]``; raises ``UsageError`` if a key is unknown or an address is not safe to pass to git."""
    try:
        section = msgspec.convert(dict(settings), _Section)
    except msgspec.ValidationError as error:
        if unknown := explain_unknown_key(error, _Section):
            raise UsageError(f"[sources.git]{unknown[0]}. Nothing was fetched.", unknown[1]) from None
        raise _usage_error(str(error)) from None
    for host in filter(None, (section.github, section.gitlab)):
        if not _API.fullmatch(host.api):
            raise _usage_error(f"{without_userinfo(host.api)!r} is not the https:// address of an API")
    repositories = [_repository(entry, section) for entry in section.repositories]
    folders = [repository.folder.lower() for repository in repositories]
    for repository in repositories:
        if folders.count(repository.folder.lower()) > 1:
            raise _usage_error(f"two repositories are called {repository.name}: give one of them another `name`")
    return Settings(repositories, section.timeout_seconds, section.github, section.gitlab)


def _repository(entry: _Entry, section: _Section) -> Repository:
    protocol, url = _parse_address(entry.url)
    name = default_name(url) if entry.name is None else entry.name
    if not _NAME.fullmatch(name):
        raise _usage_error(f"{name!r} is not a repository name like owner/name")
    if entry.github is not None and not _SLUG.fullmatch(entry.github):
        raise _usage_error(f"{entry.github!r} is not a repository on GitHub like owner/name")
    if entry.gitlab is not None and not _PROJECT.fullmatch(entry.gitlab):
        raise _usage_error(f"{entry.gitlab!r} is not a project on GitLab like group/name")
    trunks = (entry.trunk,) if isinstance(entry.trunk, str) else tuple(entry.trunk)
    if invalid := [trunk for trunk in trunks if not _TRUNK.fullmatch(trunk)]:
        raise _usage_error(f"{invalid[0]!r} is not a branch name")
    return Repository(
        url=url,
        name=name,
        protocol=protocol,
        trunks=trunks,
        paths=entry.paths,
        sizes=entry.sizes,
        owners=entry.codeowners,
        slug=section.github.slug(url, entry.github) if section.github else None,
        project=section.gitlab.slug(url, entry.gitlab) if section.gitlab else None,
        skew_seconds=section.clock_skew_hours * 3600,
    )


def _parse_address(url: str) -> tuple[str, str]:
    """Return protocol and address; raises ``UsageError`` unless the URL has one of three known shapes."""
    if web := _WEB.fullmatch(url) or _SSH.fullmatch(url):
        return web[1], url
    if _SCP.fullmatch(url):
        return "ssh", url
    if "://" not in url and _LOCAL.fullmatch(url):
        return "file", str(at_home(url).resolve())
    raise _usage_error(f"{without_userinfo(url)!r} is not an https:// or ssh:// URL, user@host:path or a local path")


def default_name(url: str) -> str:
    """Return ``owner/name``: the last two parts of the address without ``.git``."""
    path = urlsplit(url).path if "://" in url else url if url.startswith("/") else url.partition(":")[2]
    parts = [part for part in path.split("/") if part]
    return "/".join(parts[-2:]).removesuffix(".git")


def without_userinfo(text: str) -> str:
    """Return the text without user and password in its URLs."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


def _usage_error(message: str) -> UsageError:
    return UsageError(f"[sources.git]: {message}. Nothing was fetched.", "correct dora.toml.")
