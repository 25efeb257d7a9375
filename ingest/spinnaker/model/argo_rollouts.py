"""What a Rollout of Argo and the commands of its kubectl plugin say.

A step ``pause`` without a duration waits for ``promote`` (docs/features/canary.md of argo-rollouts). A patchManifest
can neither promote nor abort: since v0.10 both are fields of the subresource ``status``, which ``kubectl patch`` as
Clouddriver calls it leaves alone (argo-rollouts #789).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, get_nested
from ingest.spinnaker.model.manifests import Manifest

_COMMAND = re.compile(r"(?:kubectl-argo-rollouts|\bargo\s+rollouts)\s+([^;&|\n]+)")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_OPTIONS_WITH_VALUE = frozenset({
    "-n", "--namespace", "--to-revision", "--context", "--cluster", "--kubeconfig", "--user", "--token", "--as",
    "-s", "--server", "--request-timeout", "-v", "--loglevel",
})  # fmt: skip


class Command(NamedTuple):
    """One command to a Rollout: promote, abort or undo; ``is_full`` promotes past all later pauses."""

    verb: str
    name: str
    namespace: str | None
    revision: str | None
    is_full: bool


def read_pauses(manifest: Manifest) -> dict[str, Any]:
    """Return how traffic moves, and the percentages of it at which a Rollout waits for a promotion, in their order.

    Empty for what never waits before it has all traffic, and for other kinds.
    """
    if manifest.kind != "rollout":
        return {}
    strategy = get_nested(manifest.body, "spec", "strategy") or get_nested(manifest.applied, "spec", "strategy")
    if get_nested(strategy, "blueGreen", "autoPromotionEnabled") is False:
        return {"strategy": "bluegreen", "pause_weights": [0.0]}
    canary = get_nested(strategy, "canary")
    total = as_number(get_nested(canary, "trafficRouting", "maxTrafficWeight"), 1) or 100.0
    weight: float | None = 0.0
    weights: list[float] = []
    for step in map(as_dict, as_list(get_nested(canary, "steps"))):
        weight = as_number(step.get("setWeight"), 0, total) if "setWeight" in step else weight
        if "pause" in step and as_dict(step["pause"]).get("duration") is None and weight is not None:
            weights.append(100 * weight / total)
    before_full = [weight for weight in weights if weight < 100]
    return {"strategy": "weights", "pause_weights": before_full} if before_full else {}


def read_commands(manifest: Manifest) -> Iterator[Command]:
    """Yield the commands of the plugin that the containers of a job run."""
    for container in (
        each for template in manifest.templates or () for each in as_list(template.pod.get("containers"))
    ):
        fields = as_dict(container)
        # Without a command the image's own program runs, as in quay.io/argoproj/kubectl-argo-rollouts.
        program = re.split("[:@]", (as_text(fields.get("image")) or "").rpartition("/")[2])[0]
        words = [*(as_list(fields.get("command")) or [program]), *as_list(fields.get("args"))]
        for arguments in _COMMAND.findall(" ".join(map(str, words))):
            yield from _parse_arguments(re.sub("[\"']", " ", arguments).split())


def _parse_arguments(words: list[str]) -> Iterator[Command]:
    names: list[str] = []
    options: dict[str, str | None] = {}
    remaining = iter(words)
    for word in remaining:
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            options[option] = value if equals else next(remaining, None) if option in _OPTIONS_WITH_VALUE else None
        else:
            names.append(word)
    if not names or names[0] not in ("promote", "abort", "undo"):
        return
    revision = options.get("--to-revision")
    for name in takewhile(_NAME.fullmatch, names[1:] if names[0] == "abort" else names[1:2]):
        yield Command(
            names[0],
            name,
            options.get("-n") or options.get("--namespace"),
            None if revision in (None, "0") else revision,
            is_full=bool({"--full", "--skip-all-steps", "-a"} & set(options)),
        )
