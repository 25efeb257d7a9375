"""Sends a digest: by webhook, by an app of Slack, by mail."""
