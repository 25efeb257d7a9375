"""What a doctor says: one line for each thing it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: how it is, in a sentence, and what to do where that is not well.

    ``auth`` is true where a server does not know us, or refuses something.
    """

    part: str
    state: State
    says: str
    next: str = ""
    auth: bool = False


class Known(msgspec.Struct, frozen=True):
    """What landing holds of one source: its applications, and how far each stream was read."""

    applications: frozenset[str] = frozenset()
    watermarks: Mapping[str, str] = {}
