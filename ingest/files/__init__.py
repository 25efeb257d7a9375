"""The source "files": deployments, changes, incidents, verdicts and events, in CSV, JSON Lines or Parquet."""

from ingest.files.source import Files

SOURCE = Files
