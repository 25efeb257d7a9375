"""The dashboard: what leads see. It asks everything through ``import dora``."""
