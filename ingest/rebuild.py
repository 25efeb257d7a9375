"""Make landing.duckdb again from the payloads: after damage, and for a new contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dora.errors import DoraError, UsageError
from dora.storage import database
from ingest import configure_source
from ingest import sources as source_types
from ingest.core.pipeline import Summary, replay
from ingest.payloads.archive import Document, archived_sources, read_archive


def rebuild_landing(
    data: Path, sources: Mapping[str, Mapping[str, Any]], report: Callable[[str], None] = lambda _: None
) -> list[Summary]:
    """Parse all payloads into a new landing.duckdb, verify it, and let it replace the old one; return what was read.

    ``sources`` are the settings of each. Raises ``DoraError``, and keeps the old file, if there are no payloads, one
    of them is damaged, or they are of a source without settings.
    """
    names = archived_sources(data)
    if not names:
        raise DoraError(
            f"{data / database.LANDING} can not be used, and there are no payloads to make it again from.",
            "restore a backup (`dora restore`), or move the file away to begin anew.",
        )
    with database.replace_landing(data) as landing:
        configured = [_configure(name, sources, data) for name in names]
        summaries = [replay(source, data, landing, report) for source in configured]
        if failures := [failure for summary in summaries for failure in summary.partial_failures]:
            raise DoraError(
                f"{data / database.LANDING} can not be made again: {failures[0]}. The old file is kept.",
                "restore that payload from a backup, or delete it to go on without its rest.",
            )
    return summaries


def _configure(name: str, sources: Mapping[str, Mapping[str, Any]], data: Path) -> Any:
    settings = sources.get(name) or _infer_settings(name, data)
    try:
        return configure_source(name, settings, data)
    except UsageError as error:
        raise UsageError(
            f"The payloads of the source {name} can not be read: {error.happened} landing.duckdb was not touched.",
            f"describe [sources.{name}] in dora.toml, or move {data / 'payloads' / name} away.",
        ) from error


def _infer_settings(name: str, data: Path) -> dict[str, Any]:
    """Return the least settings of a source that dora.toml no longer has; its type is that of its first document."""
    types = source_types()
    kind = name if name in types else _infer_type(name, data)
    return {"type": kind, **getattr(types[kind], "replay_settings", {})} if kind else {}


def _infer_type(name: str, data: Path) -> str | None:
    for document in read_archive(data, name):
        if isinstance(document, Document):
            for kind, source in source_types().items():
                if document.kind in getattr(source, "kinds", ()):
                    return kind
    return None
