"""Write how local time follows from UTC and when each application works, as tables that models join."""

from __future__ import annotations

from datetime import datetime

from dora import periods
from dora.config.working_hours import parse_working_hours
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection

# Before the first and after the last clock change of this span the offset stays as it is there.
SPAN = datetime(2005, 1, 1), datetime(2040, 1, 1)


def write_local_times(con: Connection) -> None:
    """Create two tables for the models, which have no time zones.

    ``clock_offsets`` has the seconds by which local time is ahead of UTC between two instants, ``working_spans`` the
    minutes of each day of the week (0 is Monday) in which an application works, ``ends`` not included.
    """
    ((zone,),) = con.execute("SELECT timezone FROM build").fetchall()
    since, seconds = zip(*periods.clock_offsets(zone, *SPAN), strict=True)
    con.execute(
        "CREATE TEMP TABLE clock_offsets AS SELECT coalesce(since, '-infinity'::TIMESTAMP) AS since,"
        " coalesce(lead(since) OVER (ORDER BY since NULLS FIRST), 'infinity'::TIMESTAMP) AS until, seconds"
        " FROM (SELECT unnest(?::TIMESTAMP[]) AS since, unnest(?::BIGINT[]) AS seconds)",
        [list(since), list(seconds)],
    )
    con.execute("CREATE TEMP TABLE working_spans (application VARCHAR, weekday BIGINT, starts BIGINT, ends BIGINT)")
    working_hours = con.execute("SELECT application, working_hours FROM definitions").fetchall()
    spans = {text: parse_working_hours(text).spans() for _, text in working_hours}
    insert_rows(con, "working_spans", ([name, *span] for name, text in working_hours for span in spans[text]))
