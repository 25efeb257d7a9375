"""What the simulated organisation's metrics are, computed from its story."""
