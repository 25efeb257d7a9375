"""Spinnaker: executions, tasks, stages, canaries and pipeline configurations of one Gate → rows."""
