"""What people tell Rollouts of Argo to do: by the kubectl plugin in a job, or by a patch of the fields that it sets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

from ingest.spinnaker.model.argo_rollouts import KIND
from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, get_nested
from ingest.spinnaker.model.manifests import Manifest

_COMMAND = re.compile(r"(?:kubectl-argo-rollouts|\bargo\s+rollouts)\s+([^;&|\n]+)")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_IMAGE = re.compile(r"[^=\s$]+=([^=\s$]+)")
_VERBS = ("promote", "abort", "undo", "restart", "set")
_OPTIONS_WITH_VALUE = frozenset({
    "-n", "--namespace", "--to-revision", "--context", "--cluster", "--kubeconfig", "--user", "--token", "--as",
    "-s", "--server", "--request-timeout", "-v", "--loglevel",
})  # fmt: skip


class Command(NamedTuple):
    """One command to a Rollout; ``verb`` is one of the plugin, or promote_fully. ``images`` are what it shall run."""

    verb: str
    name: str
    namespace: str | None = None
    revision: str | None = None
    images: tuple[str, ...] = ()


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


def read_patched_command(manifest: Manifest) -> Command | None:
    """Return the command that a patch of a Rollout is: it sets what the plugin would set.

    Since Argo Rollouts 0.10 ``status`` is a subresource, which a patch may leave as it was: what the cluster answered
    says whether it did.
    """
    if manifest.kind != KIND or not manifest.name:
        return None
    spec, status = as_dict(manifest.body.get("spec")), as_dict(manifest.body.get("status"))
    answered = manifest.applied.get("status")
    if status.get("abort") is True and get_nested(answered or status, "abort") is True:
        return Command("abort", manifest.name)
    if status.get("promoteFull") is True:
        return Command("promote_fully", manifest.name)
    if spec.get("paused") is False or "pauseConditions" in status or "currentStepIndex" in status:
        return Command("promote", manifest.name)
    return None


def _parse_arguments(words: list[str]) -> Iterator[Command]:
    names: list[str] = []
    options: dict[str, Any] = {}
    remaining = iter(words)
    for word in remaining:
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            options[option] = value if equals else next(remaining, None) if option in _OPTIONS_WITH_VALUE else None
        else:
            names.append(word)
    verb, *names = names or [""]
    if verb not in _VERBS or (verb == "set" and names[:1] != ["image"]):
        return
    images = tuple(image[1] for name in names[2:] if (image := _IMAGE.fullmatch(name))) if verb == "set" else ()
    names = names[1:2] if verb == "set" else names if verb in ("abort", "restart") else names[:1]
    if verb == "promote" and {"--full", "--skip-all-steps", "-a"} & set(options):
        verb = "promote_fully"
    revision = options.get("--to-revision")
    for name in takewhile(_NAME.fullmatch, names):
        if verb != "set" or images:
            namespace = options.get("-n") or options.get("--namespace")
            yield Command(verb, name, namespace, None if revision == "0" else revision, images)
