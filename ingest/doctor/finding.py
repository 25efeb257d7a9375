"""What a doctor says: one line for each thing it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class DoctorFinding(msgspec.Struct, frozen=True):
    """One thing that was looked at: how it is, in a sentence, and what to do where that is not well.

    ``auth_failed`` is true where a server does not know us, or refuses something.
    """

    check: str
    state: State
    message: str
    next: str = ""
    auth_failed: bool = False


class RepositoryDeployments(msgspec.Struct, frozen=True):
    """What the last build knows of the deployments from one repository.

    ``followed`` are those whose commits are in it, ``lost`` those that name it and are not; ``latest`` is the commit of
    the last one that was followed.
    """

    attributed: int = 0
    unattributed: int = 0
    latest_commit: str | None = None


class SourceContext(msgspec.Struct, frozen=True):
    """What landing holds of one source: its applications, and how far each stream was read.

    ``deployed`` is what the last build knows by repository in lower case, ``deployments`` how many there are in all,
    null where there is no build.
    """

    applications: frozenset[str] = frozenset()
    watermarks: Mapping[str, str] = {}
    deployments_by_repository: Mapping[str, RepositoryDeployments] = {}
    total_deployments: int | None = None

    def deployments_of(self, repository: str) -> RepositoryDeployments:
        """What is known of a repository's deployments."""
        return self.deployments_by_repository.get(repository.lower(), RepositoryDeployments())

    def describe_share(self, repository: str) -> str:
        """Which share of the deployments a repository explains, as half a sentence."""
        if not self.total_deployments:
            return "no deployment was built yet that it could explain"
        there, total = self.deployments_of(repository), self.total_deployments
        share = f"{there.attributed:,} of {total:,} deployments ({there.attributed / total:.0%})"
        return f"it explains {share}" + (
            f", and {there.unattributed:,} more name it whose commits are not known" if there.unattributed else ""
        )
