"""What a doctor says: one line for each thing it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: how it is, in a sentence, and what to do where that is not well.

    ``auth`` is true where a server does not know us, or refuses something.
    """

    part: str
    state: State
    says: str
    next: str = ""
    auth: bool = False


class Deployed(msgspec.Struct, frozen=True):
    """What the last build knows of the deployments from one repository.

    ``followed`` are those whose commits are in it, ``lost`` those that name it and are not; ``latest`` is the commit of
    the last one that was followed.
    """

    followed: int = 0
    lost: int = 0
    latest: str | None = None


class Known(msgspec.Struct, frozen=True):
    """What landing holds of one source: its applications, and how far each stream was read.

    ``deployed`` is what the last build knows by repository in lower case, ``deployments`` how many there are in all,
    null where there is no build.
    """

    applications: frozenset[str] = frozenset()
    watermarks: Mapping[str, str] = {}
    deployed: Mapping[str, Deployed] = {}
    deployments: int | None = None

    def of(self, repository: str) -> Deployed:
        """What is known of a repository's deployments."""
        return self.deployed.get(repository.lower(), Deployed())

    def share(self, repository: str) -> str:
        """Which share of the deployments a repository explains, as half a sentence."""
        if not self.deployments:
            return "no deployment was built yet that it could explain"
        there = self.of(repository)
        share = f"{there.followed:,} of {self.deployments:,} deployments ({there.followed / self.deployments:.0%})"
        return f"it explains {share}" + (
            f", and {there.lost:,} more name it whose commits are not known" if there.lost else ""
        )
