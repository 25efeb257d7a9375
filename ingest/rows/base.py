"""What every row is."""

from __future__ import annotations

from typing import ClassVar

import msgspec

Micros = int | None


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a landing table; ``id`` is unique within its source."""

    table: ClassVar[str] = ""
    id: str
