"""Events that people noted: which of them concern a scope."""

from __future__ import annotations

from dora import periods
from dora.errors import UsageError, suggest
from dora.query.lists import run_analysis
from dora.query.metric import build_info
from dora.query.rows import Rows
from dora.query.value import EVERYTHING, Scope
from dora.storage.database import Connection


def list_events(con: Connection, scope: Scope) -> Rows:
    """Return the events that concern a scope and overlap its window, the latest first.

    A row has event_id, source, kind, title, ``happened_at`` and ``until`` in UTC (null for a moment), applications and
    teams (both empty for the whole organisation), and url. Raises ``UsageError`` as ``list_rows`` does.
    """
    return run_analysis(con, "events_in_scope", scope)


def find_day(con: Connection, event_id: str) -> str:
    """Return the local day of an event as ISO 8601; raises ``UsageError`` if there is none with this id."""
    events = {row["event_id"]: row for row in list_events(con, EVERYTHING)}
    if event_id not in events:
        next_step = f"{suggest(event_id, events).removesuffix('.')}, or give a date with --split."
        raise UsageError(f"There is no event {event_id}.", next_step)
    return f"{periods.to_local(events[event_id]['happened_at'], build_info(con)['timezone']):%Y-%m-%d}"
