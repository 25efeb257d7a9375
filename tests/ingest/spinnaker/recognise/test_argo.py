"""Rollouts of Argo: where they wait for a promotion, and the commands of jobs that move them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import after, fields_of, rollouts, stage

PLACE = {"account": "prod", "location": "prod"}
END = after(10_000)
PAUSE: dict[str, Any] = {"pause": {}}
EFFECT = ("action", "location", "cluster", "workload_kind", "strategy", "restores", "steps_back")


def deployed(strategy: Any, kind: str = "Rollout") -> Any:
    """Return the rollout of a workload with this strategy."""
    pods = {"spec": {"containers": [{"name": "shop", "image": "shop:2"}]}}
    body = {"kind": kind, "metadata": {"name": "shop"}, "spec": {"strategy": strategy, "template": pods}}
    (row,) = rollouts(stage("deployManifest", {**PLACE, "manifests": [body]}))
    return row


def job(*words: str, image: str = "tools", **more: Any) -> list[Any]:
    """Return the rollouts of a job that runs a shell command, or else the arguments of its image."""
    container = {"image": image, "command": ["sh", "-c"], "args": list(words)} | more
    body = {"kind": "Job", "metadata": {"name": "move"}, "spec": {"template": {"spec": {"containers": [container]}}}}
    return rollouts(stage("runJobManifest", {**PLACE, "manifest": body}))


@pytest.mark.parametrize(
    ("steps", "pauses"),
    [
        ([{"setWeight": 20}, PAUSE, {"setWeight": 50}, {"pause": {"duration": "1h"}}], [20]),
        ([PAUSE, {"setWeight": "40"}, {"pause": {"duration": None}}, {"setWeight": 100}, PAUSE], [0, 40]),
        ([{"setCanaryScale": {"replicas": 1}}, PAUSE, PAUSE], [0, 0]),
        ([{"setWeight": 20}, {"pause": {"duration": 0}}, {"setWeight": 100}], None),
        ([{"setWeight": "${weight}"}, PAUSE], None),
        (["pause", None], None),
    ],
)
def test_a_rollout_waits_at_the_weight_before_each_pause_without_a_duration(steps: Any, pauses: Any) -> None:
    """As long as that is not all traffic; the times are those of a workload that serves by itself."""
    row = deployed({"canary": {"steps": steps}})
    assert fields_of(row, "pause_weights", "strategy") == (pauses, "weights" if pauses else "none")
    assert fields_of(row, "action", "first_traffic_at", "full_traffic_at") == ("deploy", END, END)


@pytest.mark.parametrize("auto", [False, True, None])
def test_blue_green_waits_without_traffic_where_promotion_is_not_automatic(auto: Any) -> None:
    """It is automatic unless the manifest says false."""
    row = deployed({"blueGreen": {"activeService": "shop", "autoPromotionEnabled": auto, "autoPromotionSeconds": 30}})
    assert fields_of(row, "pause_weights", "strategy") == (([0], "bluegreen") if auto is False else (None, "none"))


def test_weights_are_parts_of_the_greatest_weight() -> None:
    """Some routers count to a thousand."""
    canary = {"trafficRouting": {"maxTrafficWeight": 1000}, "steps": [{"setWeight": 200}, PAUSE]}
    assert deployed({"canary": canary}).pause_weights == [20]


@pytest.mark.parametrize("strategy", [None, "canary", {"canary": []}, {"canary": {"steps": {}}}])
def test_other_kinds_and_strategies_never_wait(strategy: Any) -> None:
    """What is no Rollout, and what can not be read."""
    assert deployed(strategy).pause_weights is None
    assert deployed({"canary": {"steps": [PAUSE]}}, kind="Canary").pause_weights is None


@pytest.mark.parametrize(
    ("command", "effect"),
    [
        ("kubectl argo rollouts promote shop", ("enable", "prod", "shop", "rollout", "weights", None, 0)),
        ("kubectl argo rollouts promote shop --full", ("enable", "prod", "shop", "rollout", None, None, 0)),
        (
            "set -e\nkubectl-argo-rollouts -n eu promote 'shop' && echo",
            ("enable", "eu", "shop", "rollout", "weights", None, 0),
        ),
        (
            "kubectl argo rollouts --namespace=eu abort shop 2>/dev/null",
            ("rollback", "eu", "shop", "rollout", None, "stable", None),
        ),
        ("oc argo rollouts undo shop", ("rollback", "prod", "shop", "rollout", None, None, 1)),
        ("kubectl argo rollouts undo shop --to-revision 3", ("rollback", "prod", "shop", "rollout", None, "3", None)),
        ("kubectl argo rollouts undo shop --to-revision=0", ("rollback", "prod", "shop", "rollout", None, None, 1)),
    ],
)
def test_a_command_acts_on_the_rollout_that_it_names(command: str, effect: tuple[Any, ...]) -> None:
    """In the namespace of its option, else of the job, with the end of the job."""
    (row,) = job(command)
    assert fields_of(row, *EFFECT) == effect
    assert fields_of(row, "id", "account", "accepted_at", "full_traffic_at", "images") == ("S", "prod", END, END, None)


def test_the_image_of_the_plugin_needs_no_command() -> None:
    """Its own program runs with the arguments."""
    image = "quay.io/argoproj/kubectl-argo-rollouts:v1.7.2"
    (row,) = job("promote", "shop", "-n", "eu", image=image, command=None)
    assert fields_of(row, *EFFECT) == ("enable", "eu", "shop", "rollout", "weights", None, 0)


def test_one_abort_may_name_several() -> None:
    """Each is a rollout with an id of its own; a promotion names one."""
    assert [row.id for row in job("kubectl argo rollouts abort shop cart")] == ["S", "S/cart"]
    assert [row.cluster for row in job("kubectl argo rollouts promote shop cart")] == ["shop"]


@pytest.mark.parametrize(
    "command",
    ["kubectl argo rollouts status shop", "kubectl argo rollouts promote $NAME", "argo rollouts", "promote shop", "'"],
)
def test_any_other_job_remains_a_job(command: str) -> None:
    """Also one whose Rollout only the shell knows."""
    (row,) = job(command)
    assert fields_of(row, "action", "workload_kind", "cluster") == ("deploy", "job", "move")
