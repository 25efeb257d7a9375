"""Deployments, changes and incidents from CSV, JSON Lines or Parquet: the way in for any other system."""

from ingest.files.source import Files

SOURCE = Files
