"""Delivery metrics that engineers believe.

>>> import dora
>>> with dora.open() as delivery:
...     print(delivery.metric("lead_time", since="30d"))
...     frame = delivery.metric("lead_time", by="team", every="week").df()
...     rows = delivery.table("deployments", since="30d").df()
"""

from dora.api import Delivery, Result, open
from dora.errors import DoraError
from dora.query.value import Move, Scope, Value
from dora.render.html import Page
from dora.sql.catalog import Metric, metrics

__version__ = "0.1.0"
__all__ = ["Delivery", "DoraError", "Metric", "Move", "Page", "Result", "Scope", "Value", "metrics", "open"]


def __dir__() -> list[str]:
    return sorted(__all__)
