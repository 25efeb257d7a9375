"""What rollouts bring, by brute force: own images, versions, commits and templates (rules C1-C3, C6, G1)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from dora.lineage.comparison import Contents
from tests.dora.lineage.landed_histories import LIBRARY, Row

NONE = -1
MUTABLE = {"latest", "main", "master", "stable", "prod", "dev"}
NOISE = re.compile(r"(.*restartedAt|.*spinnaker\.io/.*|.*moniker.*)=.*|.*:(commit|build|date)")


class Image(NamedTuple):
    """One image; ``version`` is null where the tag moves."""

    name: str
    reference: str
    tag: str
    digest: str

    @property
    def version(self) -> str | None:
        if self.digest:
            return f"{self.name}@{self.digest}"
        return None if self.tag in MUTABLE else f"{self.name}:{self.tag}"


class Own(NamedTuple):
    """One own image or version of one rollout, with what identifies it and the commit that it names itself."""

    slot: str
    identity: str | None
    named_commit: str | None
    trigger_commit: str | None
    repository: str


def parse_image(reference: str) -> Image:
    rest, _, digest = reference.partition("@")
    name, _, tag = rest.rpartition(":")
    return Image(name, f"{name}@{digest}" if digest else reference, tag, digest)


class SimulatedContents:
    """The contents of one application; commits are numbered: ``shas``, ``parents`` and ``repository`` are of each."""

    def __init__(self, rows: dict[str, list[Row]], application: str) -> None:
        self.executions = {row["id"]: row for row in rows["execution"]}
        self.shas = [row["sha"] for row in rows["commit"]]
        self.repository = [row["repository"] for row in rows["commit"]]
        self.parents = [[self.shas.index(parent) for parent in row["parents"]] for row in rows["commit"]]
        self.rollouts = rows["rollout"]  # of other applications too: they may have deployed the same version before
        self._known: list[Any] = []
        self._sets: list[list[int]] = []
        self._keys: list[Any] = []
        self._own: dict[str, list[Own]] = {}
        for row in self.rollouts:
            if row["application"] == application:
                self.of(row)

    def number(self, thing: Any) -> int:
        """Number targets, templates and parts in the order in which they are met."""
        if thing not in self._known:
            self._known.append(thing)
        return self._known.index(thing)

    # Own images (C2)

    def images(self, row: Row) -> list[Image]:
        return [parse_image(reference) for reference in row.get("images") or ()]

    def own_images(self, row: Row) -> list[Image]:
        images, workload = self.images(row), row.get("cluster", "").lower()
        names = {row["application"], workload, *(each.split("/")[-1] for each in self.repositories(row))}
        own = [each for each in images if each.name.split("/")[-1] in names or each.name.endswith("-library")]
        return own or images[:1]

    def own(self, row: Row) -> list[Own]:
        """Return what makes the content of a rollout, computed once."""
        if row["id"] not in self._own:
            self._own[row["id"]] = self._list_own(row)
        return self._own[row["id"]]

    def _list_own(self, row: Row) -> list[Own]:
        """Return own images, else a version, else only the commit of the trigger."""
        execution = self.executions[row["execution_id"]]
        images = self.own_images(row)
        if row.get("images") is not None:
            return [self._own_image(image, row, is_single=len(images) == 1) for image in images]
        version = row.get("version")
        if version is not None:
            identity = f"{row['application']} {version}"
            return [Own("", identity, row.get("commit"), execution["commit"], execution["repository"])]
        if row["action"] == "deploy" and row.get("template") is None and row.get("template_keys") is None:
            return [Own("", None, row.get("commit"), execution["commit"], execution["repository"])]
        return []

    def _own_image(self, image: Image, row: Row, *, is_single: bool) -> Own:
        execution = self.executions[row["execution_id"]]
        repository = self._repository(image, row)
        sha = re.search(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])", image.tag)
        named = sha[0] if sha else row.get("commit") if is_single else None
        commit = execution["commit"] if execution["repository"] == repository else None
        return Own(image.name, image.version, named, commit, repository)

    def _repository(self, image: Image, row: Row) -> str:
        """Return the one that the definition names, else the one called like the image, else that of the trigger."""
        last_name = image.name.split("/")[-1]
        repositories = self.repositories(row)
        defined = [LIBRARY] if image.name.endswith("-library") else []
        namesakes = [each for each in repositories if each.split("/")[-1] == last_name]
        return [*defined, *namesakes, str(self.executions[row["execution_id"]]["repository"])][0]

    def repositories(self, row: Row) -> list[str]:
        """Return the repositories that the workload of a rollout was ever deployed from."""
        workload = row.get("cluster", "").lower()
        of_application = [each for each in self.rollouts if each["application"] == row["application"]]
        siblings = [each for each in of_application if each.get("cluster", "").lower() == workload and "images" in each]
        return sorted({self.executions[each["execution_id"]]["repository"] for each in siblings})

    # Commits (G1)

    def commit(self, own: Own, row: Row) -> str | None:
        """Named by the image, else of the first tree that deployed the same version, else the trigger's."""
        if own.named_commit:
            return own.named_commit
        if "environment" in row and own.trigger_commit:
            return own.trigger_commit
        if own.identity is None:
            return own.trigger_commit
        same = [(each, other) for each in self.rollouts for other in self.own(each) if other.identity == own.identity]
        first, _ = min(same, key=lambda pair: self.began(pair[0]))
        of_first_tree = [other for each, other in same if self.root(each) == self.root(first)]
        if self.root(row) == self.root(first) and own.trigger_commit:
            return own.trigger_commit
        commits = [other.named_commit or other.trigger_commit for other in of_first_tree]
        stated = sorted((self.began(each), other.trigger_commit) for each, other in same if "environment" in each)
        return next((commit for commit in [*commits, *(commit for _, commit in stated)] if commit), None)

    def began(self, row: Row) -> int:
        at = row["started_at"]
        return int(self.executions[row["execution_id"]]["started_at"] if at is None else at)

    def root(self, row: Row) -> str:
        return str(self.executions[row["execution_id"]]["root_id"])

    def resolve(self, commit: str | None, repository: str) -> int | None:
        """Return the commit that a full id names in any repository, or a short one in its own."""
        for number, sha in enumerate(self.shas):
            if commit and (sha == commit or (sha.startswith(commit) and self.repository[number] == repository)):
                return number
        return None

    # Contents (C6, D8)

    def parts(self, row: Row | None) -> list[Any]:
        """Return each part as a commit, else a version, else a commit that no repository has, else like no other."""
        parts: list[Any] = []
        for own in self.own(row) if row else ():
            commit = self.commit(own, row or {})
            node = self.resolve(commit, own.repository)
            part = ("commit", node) if node is not None else own.identity or commit or ("rollout", (row or {})["id"])
            parts.append((part, own.slot))
        return parts

    def node(self, part: Any) -> int | None:
        return part[0][1] if part[0][0] == "commit" else None

    def of(self, row: Row | None) -> tuple[int, int]:
        """Return the numbers of the content and of the template of a rollout; unknown ones are ``NONE``."""
        template = NONE if row is None else self.template(row)
        parts = self.parts(row)
        if not parts:
            return NONE, template
        keys = sorted({self._key(part, slot) for part, slot in parts})
        if keys not in self._sets:
            self._sets.append(keys)
        return self._sets.index(keys), template

    def _key(self, part: Any, slot: str) -> int:
        known = [each for each, _ in self._keys]
        if part not in known:
            self._keys.append((part, slot))
            return len(known)
        self._keys[known.index(part)] = part, min(slot, self._keys[known.index(part)][1])
        return known.index(part)

    def numbers(self) -> Contents:
        """Return the contents as the simulator of the walk takes them."""
        slots = sorted({slot for _, slot in self._keys})
        nodes = [part[1] if part[0] == "commit" else NONE for part, _ in self._keys]
        return Contents(self._sets, nodes, [slots.index(slot) for _, slot in self._keys])

    # Templates (C3, C8)

    def template(self, row: Row) -> int:
        """Return the number of a template without noise; other containers are a part of it."""
        if row.get("template") is None and not row.get("template_keys"):
            return NONE
        own = self.own_images(row)
        others = tuple(sorted(image.reference for image in self.images(row) if image not in own))
        keys = tuple(key for key in row["template_keys"] if not NOISE.fullmatch(key))
        return self.number(("template", row.get("template"), keys, others))

    def revision(self, row: Row) -> object:
        """Return what makes Kubernetes keep another revision: anything in the template, null if that is unknown."""
        if row.get("template") is None and row.get("version") is None:
            return None
        keys = tuple(row["template_keys"]) if "template_keys" in row else None
        images = tuple(row["images"]) if "images" in row else None
        return row.get("template"), keys, images, row.get("version")
