"""Memory of long loops in Python."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Pause the collector of cycles, which would search millions of small objects again and again for none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
