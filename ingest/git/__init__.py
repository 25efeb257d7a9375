"""The source "git": a bare mirror of each repository, and from it commits, trunk changes and pull requests."""

from ingest.git.source import Git

SOURCE = Git
