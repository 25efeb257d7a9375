"""Run something on landing.duckdb, which is made again first if this version can not use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dora.config.settings import Config
from dora.errors import UnusableError, counted
from dora.render import console
from dora.storage import database

_T = TypeVar("_T")


def with_landing(settings: Config, action: Callable[[], _T]) -> _T:
    """Return the result of an action; if landing is damaged, missing or older, make it again from its payloads first.

    Raises ``DoraError`` if that can not be done; the old file is kept.
    """
    try:
        return action()
    except UnusableError as error:
        if database.is_usable(settings.data):
            raise
        _rebuild(settings, error)
    return action()


def _rebuild(settings: Config, error: UnusableError) -> None:
    from ingest.rebuild import rebuild_landing

    with console.Progress() as progress:
        summaries = rebuild_landing(settings.data, settings.sources, progress)
    documents = counted(sum(summary.documents for summary in summaries), "document")
    console.print_note(f"{error.happened} It was made again from {documents} of payloads.")
