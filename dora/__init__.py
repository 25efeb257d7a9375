"""Delivery metrics that engineers believe: the door.

import dora
delivery = dora.open("data/dora.duckdb")
delivery.metric("lead_time", by="team", every="week").df()
"""

from dora.catalog import Metric
from dora.catalog import metrics as _metrics
from dora.comparison import Move
from dora.door import Delivery, Result, open
from dora.errors import DoraError
from dora.page import Page
from dora.values import Scope, Value

__version__ = "0.1.0"
__all__ = ["Delivery", "DoraError", "Metric", "Move", "Page", "Result", "Scope", "Value", "metrics", "open"]


def metrics() -> dict[str, Metric]:
    """Every metric there is, by name, as its file's header describes it."""
    return _metrics()
