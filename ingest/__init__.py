"""The sources of facts. Each module or package here that has a ``SOURCE`` is a source."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dora.errors import UsageError, suggest
from ingest.source_name import name_source

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.core.source import Source

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # a source is also a folder below payloads/


def sources() -> dict[str, type[Source]]:
    """Return every source by name, found by importing the modules of this folder."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    candidates = (getattr(module, "SOURCE", None) for module in modules)
    return {source.name: source for source in candidates if source is not None}


def source_type(name: str, settings: Mapping[str, Any]) -> type[Source]:
    """Return the class of the source that ``[sources.NAME]`` describes, with that name.

    ``type`` says which kind of source it is if the name is another. Rows are stored under the name, so two servers of
    one kind may use the same ids. Raises ``UsageError``.
    """
    by_name, kind = sources(), settings.get("type", name)
    if kind not in by_name:
        raise UsageError(
            f"There is no source {kind}; nothing was read.",
            f"{suggest(kind, by_name)} Or set `type` to a source in [sources.{name}].",
        )
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a valid source name; nothing was read.", "use letters, digits, - and _.")
    return name_source(by_name[kind], name)


def configure_source(name: str, settings: Mapping[str, Any], data: Path) -> Source:
    """Return the source that ``[sources.NAME]`` describes. Raises ``UsageError``."""
    own_settings = {key: value for key, value in settings.items() if key != "type"}
    return source_type(name, settings).from_settings(own_settings, data)
