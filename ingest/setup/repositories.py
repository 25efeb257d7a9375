"""Find repositories by the names that commits have: in a folder, or at the address of a git host; and their tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from dora.errors import DoraError, UsageError
from ingest.core.names import fold
from ingest.core.paths import at_home
from ingest.git.command import BareRepository
from ingest.git.credentials import separate_credentials
from ingest.git.settings import default_name, read_settings

MAX_DEPTH = 4  # folders below the one that is named
TIMEOUT_SECONDS = 20.0
_ORIGIN = re.compile(r'\[remote "origin"\][^\[]*?^\s*url\s*=\s*(\S+)', re.MULTILINE | re.DOTALL)


def find_repositories(places: Iterable[str]) -> dict[str, str]:
    """Return the address of each repository by its name: those in folders, and those that a place itself is.

    A clone with an origin is found at its origin. Raises ``UsageError`` for a folder that does not exist.
    """
    addresses = {}
    for place in places:
        if is_host(place):
            continue
        if "://" in place or re.match(r"[^/]+@[^/]+:", place):
            addresses[default_name(place)] = place
            continue
        folder = at_home(place)
        if not folder.is_dir():
            raise UsageError(f"There is no folder {place}; nothing was written.", "correct --repositories.")
        for repository in _walk(folder.resolve(), MAX_DEPTH):
            address = _origin(repository) or str(repository)
            addresses[default_name(address)] = address
    return addresses


def is_host(place: str) -> bool:
    """Whether a place is the address of a git host or of an owner on it, and of no repository."""
    web = re.fullmatch(r"(?:https|ssh)://[^/]+(?:/[^/]+)?/?", place)
    return bool(web or re.fullmatch(r"[^/@]+@[^/:]+:(?:[^/]+/?)?", place)) and not place.endswith(".git")


def address_at(host: str, name: str) -> str:
    """Return the address of a repository at a git host; one of an owner has the owner's name already."""
    base = host.rstrip("/")
    owner = name.rpartition("/")[0]
    separator = "" if base.endswith(":") else "/"
    if owner and fold(base).endswith((f"/{fold(owner)}", f":{fold(owner)}")):
        return f"{base}/{name.rpartition('/')[2]}.git"
    return f"{base}{separator}{name}.git"


def match_repository(name: str, addresses: Mapping[str, str]) -> str | None:
    """Return the address of a repository that is called so; else of the only one with that name and another owner."""
    by_name = {fold(known): address for known, address in addresses.items()}
    if address := by_name.get(fold(name)):
        return address
    same = [address for known, address in by_name.items() if known.rpartition("/")[2] == fold(name).rpartition("/")[2]]
    return same[0] if len(same) == 1 else None


def list_tags(address: str) -> list[str]:
    """Return the names of the tags of a repository, without fetching it. Raises ``DoraError`` if it does not answer."""
    (repository,) = read_settings({"repositories": [{"url": address}]}).repositories
    access = separate_credentials(repository.url)
    with TemporaryDirectory() as folder:
        git = BareRepository(Path(folder), repository.protocol, TIMEOUT_SECONDS, access.config, access.secrets)
        git.run("init", "--quiet", "--bare")
        lines = git.run("ls-remote", "--tags", "--refs", "--", access.url).decode("utf-8", "replace").splitlines()
    return [line.partition("refs/tags/")[2] for line in lines if "refs/tags/" in line]


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    if ((folder / "HEAD").is_file() and (folder / "objects").is_dir()) or (folder / ".git").exists():
        yield folder
    elif depth:
        with suppress(OSError):
            for child in sorted(folder.iterdir()):
                if child.is_dir() and not child.is_symlink() and not child.name.startswith("."):
                    yield from _walk(child, depth - 1)


def _origin(repository: Path) -> str | None:
    """Return the address from which a folder was cloned, None if it has none that dora can use."""
    for config in (repository / ".git" / "config", repository / "config"):
        with suppress(OSError, DoraError):
            if match := _ORIGIN.search(config.read_text("utf-8", "replace")):
                (usable,) = read_settings({"repositories": [{"url": match[1]}]}).repositories
                return usable.url
    return None
