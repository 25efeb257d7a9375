"""The source "files": deployments, changes, incidents and verdicts of other systems: CSV, JSON Lines or Parquet."""

from ingest.files.source import Files

SOURCE = Files
