"""Why a digest did not arrive, or may not have."""

from __future__ import annotations

from dora.errors import PartialError


class UnsentError(PartialError):
    """The digest did not arrive; the same command sends it."""


class UncertainError(PartialError):
    """The digest may have arrived: the connection ended before the answer. It is not sent again without `--again`."""
