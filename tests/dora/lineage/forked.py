"""Until every test imports ``tests/processes.py``."""

from tests.processes import dora, dora_while

__all__ = ["dora", "dora_while"]
