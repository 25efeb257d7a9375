"""What happened on each local day: the observations of a metric, counted once when they are built.

A count or a share of weeks is a sum over days that is exact, so it need not read ten million rows again. What a window
cuts is counted from its rows; ``observations`` tells those of all, and a test holds that both say the same.
"""

from __future__ import annotations

from datetime import datetime

from dora import periods
from dora.storage.database import Connection

BETWEEN = "happened_at >= ? AND happened_at < ?"


def write(con: Connection, metric: str) -> None:
    """Create ``daily_counts."metric"`` beside ``metrics."metric"``: one row per application, day and reason.

    It has ``application``, ``happened_at`` (the first of the day, UTC), ``day`` (null where there is no time),
    ``excluded``, ``n``, ``open`` and ``total`` (of the values).
    """
    zone = con.execute("SELECT timezone FROM build").fetchall()[0][0]
    found = con.execute(f'SELECT min(happened_at), max(happened_at) FROM metrics."{metric}"').fetchall()[0]  # noqa: S608
    start, end = (moment or datetime(1970, 1, 1) for moment in found)
    local_time = periods.local_time_sql("happened_at", zone, start, end)
    con.execute(f'CREATE OR REPLACE TABLE daily_counts."{metric}" AS {counted(metric, local_time)}')


def counted(metric: str, local: str, where: str = "true") -> str:
    """SELECT of the same from the rows that meet a condition; ``local`` is SQL for their local time."""
    return (
        f"SELECT application, min(happened_at) AS happened_at, ({local})::DATE AS day, excluded, count(*) AS n,"  # noqa: S608
        f" count(*) FILTER (censored) AS open, sum(value) AS total"
        f' FROM metrics."{metric}" WHERE {where} GROUP BY ALL'
    )
