"""Git: a bare mirror of each repository → commits and trunk changes."""

from __future__ import annotations

from ingest.git.source import Git

SOURCE = Git

__all__ = ["SOURCE"]
