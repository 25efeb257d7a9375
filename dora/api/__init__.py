"""What a page, a command or a notebook can ask: one build, read-only, its numbers and the rows behind them."""

from dora.api.delivery import Delivery, open
from dora.api.result import Result, as_dict

__all__ = ["Delivery", "Result", "as_dict", "open"]
