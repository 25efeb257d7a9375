"""The source "files": deployments, changes and incidents of any other system from CSV, JSON Lines or Parquet."""

from ingest.files.source import Files

SOURCE = Files
