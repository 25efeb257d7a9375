"""Server groups that are enabled again: an old one beside a newer that is disabled is a rollback (facts 3d).

By hand these are two operations. What enables names its group, so whoever knows which group served what can say
whether that was a step back; what enables "the current one" changes no content.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.spinnaker.model.coerce import as_text, first_text
from ingest.spinnaker.model.payload import Stage
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.deferred_traffic import Link, goes_back, newest
from ingest.spinnaker.recognise.traffic import Traffic, ended

_OLDER = frozenset({"ancestor_asg_dynamic", "ancestor_asg", "oldest_asg_dynamic"})
_DISABLES = frozenset({"disableServerGroup", "disableCluster"})


def enabled(tree: StageTree) -> Iterator[Link]:
    """One link for each ``enableServerGroup``, with the group that it restores where it names one."""
    enabling = [stage for stage in tree.stages if stage.type == "enableServerGroup"]
    disabled = newest(group(one) for one in tree.stages if one.type in _DISABLES) if enabling else {}
    for stage in enabling:
        name = group(stage)
        older = as_text(stage.values.target) in _OLDER or goes_back(name, disabled)
        action = "rollback" if older else "deploy" if name else "restart"
        yield Link(stage, (), Traffic(ended(stage), ended(stage)), None, action, name)


def group(stage: Stage) -> str | None:
    """The server group that a stage names, as Deck has called the field over the years."""
    return first_text(stage.values.server_group_name, stage.values.asg_name)
