"""Links out of a page: to the pipeline, and to the git host; only to the web, and only where one is known."""

from __future__ import annotations

import os
from urllib.parse import quote

from dashboards.queries.cache import Row
from dashboards.rows.frames import web_link

GIT = "DORA_GIT_URL"  # such as https://git.example.com/{repository}/commit/{sha}


def of(deployment: Row) -> dict[str, str]:
    """A deployment's links by their labels."""
    found = {
        "Open in Deck": web_link(deployment["url"]),
        "Commit": commit(deployment["repository"], deployment["commit"]),
    }
    return {label: url for label, url in found.items() if url}


def commit(repository: str | None, sha: str | None) -> str | None:
    """The page of a commit: by $DORA_GIT_URL, else where the repository's name begins with its host; null elsewhere."""
    if not repository or not sha:
        return None
    pattern = os.environ.get(GIT)
    name = quote(repository.removesuffix(".git"))
    if pattern:
        return web_link(pattern.replace("{repository}", name).replace("{sha}", quote(sha)))
    return web_link(f"https://{name}/commit/{quote(sha)}") if "." in repository.partition("/")[0] else None
