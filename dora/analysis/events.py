"""Events that people noted: which of them concern a scope."""

from __future__ import annotations

from dora.query.lists import Row, run_analysis
from dora.query.value import Scope
from dora.storage.database import Connection


def list_events(con: Connection, scope: Scope) -> list[Row]:
    """Return the events that concern a scope and overlap its window, the latest first.

    A row has event_id, source, kind, title, ``happened_at`` and ``until`` in UTC (null for a moment), applications and
    teams (both empty for the whole organisation), and url. Raises ``UsageError`` as ``list_rows`` does.
    """
    return run_analysis(con, "events_in_scope", scope)
