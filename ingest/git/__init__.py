"""The source "git": a bare mirror of each repository, and from it commits, trunk changes and pull requests."""

from __future__ import annotations

from ingest.git.source import Git

SOURCE = Git

__all__ = ["SOURCE"]
