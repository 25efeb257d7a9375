"""Engines carry out tasks, each of which builds one part: on this machine or on a cluster."""
