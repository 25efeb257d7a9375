"""The results of ``dora doctor``, and what its checks of a source may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class DoctorFinding(msgspec.Struct, frozen=True):
    """The result of one check: its state, a sentence, and the next step unless the state is ok.

    ``auth_failed`` is true if a server did not accept the credentials or refused access.
    """

    check: str
    state: State
    message: str
    next: str = ""
    auth_failed: bool = False


class RepositoryDeployments(msgspec.Struct, frozen=True):
    """The deployments of one repository in the last build.

    The commits of ``attributed`` deployments are in the repository, those of ``unattributed`` ones are not.
    ``latest_commit`` is the commit of the last attributed deployment.
    """

    attributed: int = 0
    unattributed: int = 0
    latest_commit: str | None = None


class SourceContext(msgspec.Struct, frozen=True):
    """What landing.duckdb and the last build contain of one source.

    ``applications`` and ``watermarks`` (by stream) are from landing.duckdb. ``deployments_by_repository`` has names in
    lower case; ``total_deployments`` counts all repositories, and is null if there is no build.
    """

    applications: frozenset[str] = frozenset()
    watermarks: Mapping[str, str] = {}
    deployments_by_repository: Mapping[str, RepositoryDeployments] = {}
    total_deployments: int | None = None

    def deployments_of(self, repository: str) -> RepositoryDeployments:
        """Return the deployments of a repository."""
        return self.deployments_by_repository.get(repository.lower(), RepositoryDeployments())

    def describe_share(self, repository: str) -> str:
        """Return the share of all deployments whose commits a repository contains, as part of a sentence."""
        if not self.total_deployments:
            return "its share of the deployments is unknown until the first build"
        counts, total = self.deployments_of(repository), self.total_deployments
        share = f"{counts.attributed:,} of {total:,} deployments ({counts.attributed / total:.0%})"
        missing = f", lacks those of {counts.unattributed:,} that name it" if counts.unattributed else ""
        return f"contains the commits of {share}{missing}"
