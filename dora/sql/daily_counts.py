"""The observations of a metric by local day, counted once when they are built.

A count or a share of weeks is an exact sum over days, so it need not read ten million rows again. What a window cuts is
counted from its observations; a test holds that both give the same.
"""

from __future__ import annotations

from datetime import datetime

from dora import periods
from dora.storage.database import Connection


def write(con: Connection, metric: str) -> None:
    """Create ``daily_counts."metric"`` beside ``metrics."metric"``: one row per application, day and exclusion.

    Its columns are ``application``, ``happened_at`` (the first of the day, UTC), ``day`` (null if there is no time),
    ``excluded``, ``n``, ``open`` and ``total`` (of the values).
    """
    ((zone,),) = con.execute("SELECT timezone FROM build").fetchall()
    (span,) = con.execute(f'SELECT min(happened_at), max(happened_at) FROM metrics."{metric}"').fetchall()  # noqa: S608 - our names
    # Without observations any span will do: there is nothing to convert.
    start, end = (instant or datetime(1970, 1, 1) for instant in span)
    local_time = periods.local_time_sql("happened_at", zone, start, end)
    con.execute(
        f'CREATE OR REPLACE TABLE daily_counts."{metric}" AS'  # noqa: S608 - our names
        f" SELECT application, min(happened_at) AS happened_at, ({local_time})::DATE AS day, excluded, count(*) AS n,"
        f' count(*) FILTER (censored) AS open, sum(value) AS total FROM metrics."{metric}" GROUP BY ALL'
    )
