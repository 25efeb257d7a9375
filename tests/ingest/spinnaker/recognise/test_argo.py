"""Rollouts of Argo: where they wait for a promotion, and the commands of jobs that move them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import after, fields_of, rollouts, stage

PLACE = {"account": "prod", "location": "prod"}
END = after(10_000)
PAUSE: dict[str, Any] = {"pause": {}}
EFFECT = ("action", "location", "cluster", "restores", "steps_back", "images")
METRIC = 'RolloutAborted: Rollout aborted update to revision 4: Metric "success-rate" assessed Failed due to failed (1)'


def rollout(strategy: Any, kind: str = "Rollout", **more: Any) -> dict[str, Any]:
    """Return the manifest of a workload with this strategy."""
    pods = {"spec": {"containers": [{"name": "shop", "image": "shop:2"}]}}
    return {"kind": kind, "metadata": {"name": "shop"}, "spec": {"strategy": strategy, "template": pods} | more}


def deployed(manifest: dict[str, Any], status: Any = None, **metadata: Any) -> Any:
    """Return the rollout of a workload, with what the cluster answered."""
    answer = manifest | {"metadata": {"name": "shop"} | metadata, "status": status}
    outputs = {"outputs.manifests": [answer]} if status else {}
    row, *_ = rollouts(stage("deployManifest", {**PLACE, "manifests": [manifest], **outputs}))
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
        ([{"setWeight": 20}, {"pause": {"duration": 0}}, {"setWeight": 100}], []),
        ([{"setWeight": "${weight}"}, PAUSE], []),
        (["pause", None], []),
    ],
)
def test_a_rollout_waits_at_the_weight_before_each_pause_without_a_duration(steps: Any, pauses: Any) -> None:
    """As long as that is not all traffic; the times are those of a workload that serves by itself."""
    row = deployed(rollout({"canary": {"steps": steps}}))
    assert fields_of(row, "pause_weights", "strategy") == (pauses, "weights" if pauses else "none")
    assert fields_of(row, "action", "first_traffic_at", "full_traffic_at") == ("deploy", END, END)


@pytest.mark.parametrize("auto", [False, True, None])
def test_blue_green_waits_without_traffic_where_promotion_is_not_automatic(auto: Any) -> None:
    """It is automatic unless the manifest says false."""
    blue_green = {"activeService": "shop", "previewService": "next", "autoPromotionEnabled": auto}
    row = deployed(rollout({"blueGreen": blue_green}))
    assert fields_of(row, "pause_weights", "strategy") == (([0], "bluegreen") if auto is False else ([], "none"))
    assert row.services == ["next", "shop"]


def test_weights_are_parts_of_the_greatest_weight() -> None:
    """Some routers count to a thousand."""
    canary = {"trafficRouting": {"maxTrafficWeight": 1000}, "steps": [{"setWeight": 200}, PAUSE]}
    assert deployed(rollout({"canary": canary})).pause_weights == [20]


def test_what_is_paused_by_hand_waits_before_its_first_step() -> None:
    """The field ``paused`` of the specification holds a Rollout where it is."""
    assert deployed(rollout({"canary": {"steps": [{"setWeight": 20}, PAUSE]}}, paused=True)).pause_weights == [0, 20]


@pytest.mark.parametrize("strategy", ["canary", {"canary": []}, {"canary": {"steps": {}}}])
def test_other_kinds_and_strategies_never_wait(strategy: Any) -> None:
    """What is no Rollout, and what can not be read."""
    assert not deployed(rollout(strategy)).pause_weights
    assert deployed(rollout({"canary": {"steps": [PAUSE]}}, kind="Canary")).pause_weights is None
    assert deployed(rollout(None)).pause_weights is None


T_0 = 1_772_359_200_000_000  # 2026-03-01T10:00:00Z
HEALTHY = {"type": "Healthy", "status": "True", "lastTransitionTime": "2026-03-01T10:00:00Z"}
STEPS: dict[str, Any] = {"canary": {"steps": [{"setWeight": 20}, PAUSE, {"setWeight": 50}, PAUSE]}}


@pytest.mark.parametrize(
    ("status", "generation", "pauses"),
    [
        ({"phase": "Healthy", "observedGeneration": "4"}, 4, []),
        ({"phase": "Paused", "observedGeneration": "4", "currentStepIndex": 3}, 4, [50]),
        ({"phase": "Paused", "currentStepIndex": 1}, None, [20, 50]),
        ({"phase": "Healthy", "observedGeneration": "3"}, 4, [20, 50]),
    ],
)
def test_the_status_says_how_far_a_rollout_is(status: Any, generation: Any, pauses: list[float]) -> None:
    """Unless it is the status of an earlier specification, which kubectl apply prints."""
    metadata = {} if generation is None else {"generation": generation}
    assert deployed(rollout(STEPS), status, **metadata).pause_weights == pauses


@pytest.mark.parametrize(("message", "is_analysis"), [(METRIC, True), ("RolloutAborted: Rollout is aborted", False)])
def test_what_was_aborted_never_had_all_traffic(message: str, is_analysis: bool) -> None:
    """The message of the status, or of the stage that waited for it, says whether an analysis did it."""
    row = deployed(rollout(STEPS), {"abort": True, "message": message})
    assert fields_of(row, "first_traffic_at", "full_traffic_at", "aborted_by_analysis") == (END, None, is_analysis)
    context = {**PLACE, "manifests": [rollout(STEPS)], "exception": {"details": {"errors": [message]}}}
    (row,) = rollouts(stage("deployManifest", context, status="TERMINAL"))
    assert row.aborted_by_analysis is is_analysis


@pytest.mark.parametrize(
    ("status", "correction"),
    [
        ({"phase": "Healthy"}, ("completed", after(0), None)),
        (
            {"phase": "Healthy", "conditions": [HEALTHY, {"type": "Paused", "status": "False"}]},
            ("completed", T_0, None),
        ),
        ({"abort": True, "abortedAt": "2026-03-01T10:00:00Z", "message": METRIC}, ("aborted", T_0, True)),
        ({"abort": True, "abortedAt": "soon"}, ("aborted", after(0), False)),
        ({"phase": "Paused"}, None),
    ],
)
def test_the_answer_to_a_deploy_says_how_the_one_before_ended(status: Any, correction: Any) -> None:
    """Its status is that of the specification before; when, it says, or else not later than the deploy began."""
    answer = rollout(STEPS) | {
        "metadata": {"name": "shop", "generation": 4},
        "status": status | {"observedGeneration": "3"},
    }
    _, *others = rollouts(
        stage("deployManifest", {**PLACE, "manifests": [rollout(STEPS)], "outputs.manifests": [answer]})
    )
    rows = [fields_of(row, "action", "accepted_at", "aborted_by_analysis") for row in others]
    assert rows == ([correction] if correction else [])


def test_a_rollout_may_run_the_pods_of_a_deployment() -> None:
    """What a Rollout says of the traffic is that of the workload that it refers to; by itself it is configuration."""
    reference = {
        "kind": "Rollout",
        "metadata": {"name": "shop"},
        "spec": {"strategy": STEPS, "workloadRef": {"name": "shop"}},
    }
    both = [reference, rollout(None, kind="Deployment")]
    (row,) = rollouts(stage("deployManifest", {**PLACE, "manifests": both}))
    assert fields_of(row, "cluster", "workload_kind", "images", "pause_weights") == (
        "shop",
        "rollout",
        ["shop:2"],
        [20, 50],
    )


@pytest.mark.parametrize(
    ("command", "effect"),
    [
        ("kubectl argo rollouts promote shop", ("promote", "prod", "shop", None, None, None)),
        ("kubectl argo rollouts promote shop --full", ("promote_fully", "prod", "shop", None, None, None)),
        ("set -e\nkubectl-argo-rollouts -n eu promote 'shop' && echo", ("promote", "eu", "shop", None, None, None)),
        ("kubectl argo rollouts --namespace=eu abort shop 2>/dev/null", ("abort", "eu", "shop", None, None, None)),
        ("oc argo rollouts undo shop", ("rollback", "prod", "shop", None, 1, None)),
        ("kubectl argo rollouts undo shop --to-revision 3", ("rollback", "prod", "shop", "3", None, None)),
        ("kubectl argo rollouts undo shop --to-revision=0", ("rollback", "prod", "shop", None, 1, None)),
        ("kubectl argo rollouts restart shop", ("restart", "prod", "shop", None, None, None)),
        ("kubectl argo rollouts set image shop a=shop:3", ("deploy", "prod", "shop", None, None, ["shop:3"])),
    ],
)
def test_a_command_acts_on_the_rollout_that_it_names(command: str, effect: tuple[Any, ...]) -> None:
    """In the namespace of its option, else of the job, with the end of the job."""
    (row,) = job(command)
    assert fields_of(row, *EFFECT) == effect
    assert fields_of(row, "id", "account", "workload_kind", "full_traffic_at") == ("S", "prod", "rollout", END)


def test_the_image_of_the_plugin_needs_no_command() -> None:
    """Its own program runs with the arguments."""
    image = "quay.io/argoproj/kubectl-argo-rollouts:v1.7.2"
    (row,) = job("promote", "shop", "-n", "eu", image=image, command=None)
    assert fields_of(row, *EFFECT) == ("promote", "eu", "shop", None, None, None)


def test_one_abort_may_name_several() -> None:
    """Each is a rollout with an id of its own; a promotion names one."""
    assert [row.id for row in job("kubectl argo rollouts abort shop cart")] == ["S", "S/cart"]
    assert [row.cluster for row in job("kubectl argo rollouts promote shop cart")] == ["shop"]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl argo rollouts status shop",
        "kubectl argo rollouts promote $NAME",
        "argo rollouts",
        "promote shop",
        "'",
        "kubectl argo rollouts set image shop",
        "kubectl argo rollouts set weight shop 20",
    ],
)
def test_any_other_job_remains_a_job(command: str) -> None:
    """Also one whose Rollout only the shell knows."""
    (row,) = job(command)
    assert fields_of(row, "action", "workload_kind", "cluster") == ("deploy", "job", "move")


@pytest.mark.parametrize(
    ("body", "answer", "action"),
    [
        ({"status": {"abort": True}}, {}, "abort"),
        ({"status": {"abort": True}}, {"status": {"phase": "Healthy"}}, "scale"),
        ({"status": {"abort": True}}, {"status": {"abort": True}}, "abort"),
        ({"status": {"promoteFull": True}}, {}, "promote_fully"),
        ({"status": {"pauseConditions": None}}, {}, "promote"),
        ([{"op": "replace", "path": "/spec/paused", "value": False}], {}, "promote"),
        ({"spec": {"paused": True}}, {}, "scale"),
        ({"spec": {"replicas": 3}}, {}, "scale"),
    ],
)
def test_a_patch_may_do_what_the_plugin_does(body: Any, answer: dict[str, Any], action: str) -> None:
    """By the fields that the plugin sets, unless the cluster answers with a status that they did not reach."""
    outputs = {"outputs.manifests": [rollout(STEPS) | answer]} if answer else {}
    context = {**PLACE, "manifestName": "rollout.argoproj.io shop", "patchBody": body, **outputs}
    (row,) = rollouts(stage("patchManifest", context))
    assert fields_of(row, "action", "cluster", "workload_kind") == (action, "shop", "rollout")
