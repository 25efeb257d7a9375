"""The local days on which each application was observed: a rate is over these, never over days of unread sources."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from dora import periods
from dora.periods import Period
from dora.storage.database import Connection

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
# Ends of applications are local midnights, as UTC instants; least() ignores the null of those that go on.
HISTORY = """
SELECT history.application, history.since, least(history.until, ends.until) AS until
FROM observed_history AS history LEFT JOIN application_ends AS ends ON history.application = ends.application
WHERE least(history.until, ends.until) > history.since ORDER BY ALL
"""


def write_observed_days(con: Connection) -> None:
    """Create ``observed_days`` from ``observed_history``: the same stretches, their first and last local day whole.

    They end where the settings end the application.
    """
    ((zone,),) = con.execute("SELECT timezone FROM build").fetchall()
    stretches: dict[str, list[Period]] = defaultdict(list)
    for application, since, until in con.execute(HISTORY).fetchall():
        first, last = (periods.floor(periods.to_local(at, zone), "day") for at in (since, until - INSTANT))
        stretches[application].append(Period(first, last + DAY))
    rows = [
        (application, periods.to_utc(part.start, zone), periods.to_utc(part.end, zone))
        for application, parts in stretches.items()
        for part in periods.join(parts)
    ]
    con.execute("CREATE TABLE observed_days (application VARCHAR, since TIMESTAMP, until TIMESTAMP)")
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute("INSERT INTO observed_days SELECT unnest(?), unnest(?), unnest(?)", columns)
