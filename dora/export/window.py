"""The window of a scope as instants, for files whose readers know neither our words nor our time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from dora import periods
from dora.api import Delivery
from dora.query.value import Scope


class Window(NamedTuple):
    """Start (included) and end (not included) in UTC; a start of null is the beginning of the history."""

    since: datetime | None
    until: datetime | None

    def contains(self, moment: datetime) -> bool:
        """Return whether a moment is in the window."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def read_window(delivery: Delivery, scope: Scope) -> Window:
    """Return the window of a scope; an open end is null. Raises ``UsageError`` for a date that is none."""
    about = delivery.about()
    ends = periods.parse_window(scope.since, scope.until, about["timezone"], about["as_of"])
    return Window(*(periods.to_utc(end, about["timezone"]).replace(tzinfo=UTC) if end else None for end in ends))
