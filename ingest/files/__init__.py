"""The source "files": deployments, changes, requests, incidents, verdicts and events of other systems."""

from ingest.files.source import Files

SOURCE = Files
