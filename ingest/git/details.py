"""What is asked of git for each change only where it is configured: files, owners, sizes."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from dora.errors import DoraError
from ingest.core.source import Item, Note
from ingest.git.codeowners import PLACES, Owners
from ingest.git.log import Size
from ingest.git.mirror import Mirror
from ingest.git.parse import Scope

MEASURED = 1000  # a size costs as much as fifty lines of a log: of a long history the newest changes must do


class Details:
    """What the settings of one repository ask for beyond its log."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror, self.repository = mirror, mirror.repository
        self._read: dict[str, Owners] = {}

    def scopes(self, shas: Sequence[str]) -> Mapping[str, Scope]:
        """The files and the applications of each of these changes, where they are asked for."""
        if not (self.repository.paths or self.repository.owners):
            return {}
        owners = self._owners(shas) if self.repository.owners else {}
        found = {}
        for sha, paths in self.mirror.paths(shas).items():
            theirs = owners.get(sha)
            applications = theirs.applications(paths, self.repository.owners) if theirs else None
            found[sha] = Scope(paths if self.repository.paths else None, applications)
        return found

    def teams(self, tip: str) -> Mapping[str, str]:
        """The team that owns each application by the CODEOWNERS at a commit, where owners are configured."""
        theirs = self._owners([tip]).get(tip) if self.repository.owners else None
        return theirs.teams(self.repository.owners) if theirs else {}

    def _owners(self, shas: Sequence[str]) -> dict[str, Owners]:
        """The CODEOWNERS in force at each of these commits, where it had one."""
        found: dict[str, Owners] = {}
        for place in PLACES:
            asked = [sha for sha in shas if sha not in found]
            blobs = self.mirror.blobs(asked, place)
            for blob in set(blobs.values()) - set(self._read):
                self._read[blob] = Owners(self.mirror.text(blob))
            found |= {sha: self._read[blob] for sha, blob in blobs.items()}
        return found

    def sizes(self, newest_first: Sequence[str]) -> Generator[Item, None, Mapping[str, Size]]:
        """How much the newest of these changed, where it is asked for; where git can not say it, a note does."""
        if not self.repository.sizes:
            return {}
        try:
            return self.mirror.sizes(newest_first[:MEASURED])
        except DoraError as error:
            yield Note(f"{self.repository.name}: sizes of changes are unknown: {error}")
            return {}
