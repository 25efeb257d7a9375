"""The local days on which each application was observed: a rate is over these, never over days that nobody read."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta

from dora import periods
from dora.config import applications
from dora.config.settings import Config
from dora.periods import Period
from dora.storage.database import Connection

DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
HISTORY = "SELECT application, since, until FROM observed_history WHERE until > since ORDER BY application"


def write_observed_days(con: Connection, config: Config) -> None:
    """Create ``observed_days`` from ``observed_history``: the same stretches, their first and last local day whole.

    They end where the settings end the application.
    """
    ((zone,),) = con.execute("SELECT timezone FROM build").fetchall()
    stretches: dict[str, list[Period]] = defaultdict(list)
    for application, since, until in con.execute(HISTORY).fetchall():
        first, last = (periods.floor(periods.to_local(at, zone), "day") for at in (since, until - INSTANT))
        stretches[application].append(Period(first, last + DAY))
    entries = applications.read_entries(config)
    ends = {name: applications.last_end(entries, name) for name in stretches}
    lives = {name: Period(datetime.min, datetime.combine(end, time())) for name, end in ends.items() if end}
    rows = [
        (application, periods.to_utc(part.start, zone), periods.to_utc(part.end, zone))
        for application, parts in stretches.items()
        for part in (each.intersection(lives.get(application, each)) for each in periods.join(parts))
        if part.days
    ]
    con.execute("CREATE TABLE observed_days (application VARCHAR, since TIMESTAMP, until TIMESTAMP)")
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute("INSERT INTO observed_days SELECT unnest(?), unnest(?), unnest(?)", columns)
