"""Delivery metrics that engineers believe."""

__version__ = "0.1.0"
