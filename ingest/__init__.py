"""Where facts come from. Each module or package here that holds a ``SOURCE`` is a source."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.source import Source


def sources() -> dict[str, type[Source]]:
    """Every source by name, found by walking this folder."""
    found: dict[str, type[Source]] = {}
    for module in pkgutil.iter_modules(__path__):
        source = getattr(importlib.import_module(f"{__name__}.{module.name}"), "SOURCE", None)
        if source is not None:
            found[source.name] = source
    return found
