"""Where facts come from. Each module or package here that holds a ``SOURCE`` is a source."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from dora.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.core.source import Source

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def sources() -> dict[str, type[Source]]:
    """Every source by name, found by walking this folder."""
    found: dict[str, type[Source]] = {}
    for module in pkgutil.iter_modules(__path__):
        source = getattr(importlib.import_module(f"{__name__}.{module.name}"), "SOURCE", None)
        if source is not None:
            found[source.name] = source
    return found


def source_type(name: str, settings: Mapping[str, Any]) -> type[Source]:
    """The kind of source that ``[sources.NAME]`` describes; one more of a kind says which by ``type``.

    What each tells is kept under its own name, so two servers may give the same ids. Raises ``UsageError``.
    """
    known, kind = sources(), settings.get("type", name)
    if kind not in known:
        raise UsageError(
            f"There is no source {kind}; nothing was read.",
            f"use one of {', '.join(sorted(known))}, or set `type` to one in [sources.{name}].",
        )
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a source; nothing was read.", "use letters, digits, - and _.")
    return cast("type[Source]", type(known[kind].__name__, (known[kind],), {"name": name}))


def configure_source(name: str, settings: Mapping[str, Any], data: Path) -> Source:
    """The source that ``[sources.NAME]`` describes, set up; raises ``UsageError``."""
    own = {key: value for key, value in settings.items() if key != "type"}
    return source_type(name, settings).from_settings(own, data)
