"""The simulated company: services, repositories, executions, canaries, time."""
