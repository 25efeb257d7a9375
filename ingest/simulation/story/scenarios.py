"""The scenarios of a year: how often each happens at full scale, and to which applications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.simulation.model.company import FOLLOWER, LEADER, App
from ingest.simulation.story.script import ScriptBuilder

Write = Callable[[ScriptBuilder], object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``times``: how often in a year at full scale. ``fits``: the applications that it can happen to.

    ``rolls_back``: not in the last months of core services. ``canary``: only while the application has canaries.
    ``harm``: more often before the template's second version.
    """

    write: Write
    times: int
    fits: Callable[[App], bool] = lambda app: True
    rolls_back: bool = False
    canary: bool = False
    harm: bool = False


def _rolled_back(action: str, steps: int = 1) -> Write:
    def write(builder: ScriptBuilder) -> None:
        # 75 minutes are enough for each run to end before the next begins.
        for nth in range(steps):
            builder.ship(75 * nth)
        builder.roll_back(75 * steps + builder.random.uniform(10, 60), action, steps)

    return write


def _fixed(action: str) -> Write:
    def write(builder: ScriptBuilder) -> None:
        builder.ship(0)
        builder.fix(builder.random.uniform(80, 240), action)

    return write


def _reverted(minutes: int) -> Write:
    def write(builder: ScriptBuilder) -> None:
        delay = minutes + builder.random.uniform(0, 90)
        builder.revert_and_deploy(delay, builder.ship(0))

    return write


def _ending(name: str) -> Write:
    return lambda builder: builder.ship(0, name)


def _operation(action: str) -> Write:
    return lambda builder: builder.start_operation(0, action)


def _fixed_from_branch(builder: ScriptBuilder) -> None:
    delay = builder.random.uniform(80, 140)
    builder.fix_from_branch(delay, builder.ship(0))


def _chained(builder: ScriptBuilder) -> None:
    """A change of two applications: the success of the leader's pipeline starts the follower's."""
    change = builder.ship(0)
    change.paths = (*change.paths, f"services/{FOLLOWER}/rules.py")
    change.applications = (builder.app.name, FOLLOWER)
    builder.script.intents[builder.app.name][-1].starts = FOLLOWER


def _fixed_after_rollback(builder: ScriptBuilder) -> None:
    builder.ship(0)
    builder.roll_back(85, "rollback")
    builder.fix(builder.random.uniform(140, 260), "deploy")


def _incident_by_time(builder: ScriptBuilder) -> None:
    builder.ship(0)
    builder.open_incident(75 + builder.random.uniform(0, 1000))


def _incident_open(builder: ScriptBuilder) -> None:
    builder.ship(0)
    builder.open_incident(90).resolved_at = None


def _unstable_rolled_back(builder: ScriptBuilder) -> None:
    builder.ship(0, "unstable")
    builder.roll_back(95, "rollback")


def _unstable_replaced(builder: ScriptBuilder) -> None:
    builder.ship(0, "unstable")
    builder.ship(95)


def _bad_canary_overridden(builder: ScriptBuilder) -> None:
    builder.ship(0, "canary_overridden")
    builder.open_incident(130)


def _configured(builder: ScriptBuilder) -> None:
    builder.start_operation(0, "config")
    if builder.random.random() < 0.15:
        builder.open_incident(40)


def _burst(builder: ScriptBuilder) -> None:
    for minute in (0, 4, 8):
        builder.merge(minute).ordinary = True


def _kubernetes(app: App) -> bool:
    return not app.vm


def _single_target(app: App) -> bool:
    return not app.vm and len(app.targets) == 1


def _own_repository(app: App) -> bool:
    return not app.shared


def _slow(app: App) -> bool:
    return app.slow


def _has_canary(app: App) -> bool:
    return app.canary != "never"


def _branch_deployable(app: App) -> bool:
    return app.shape == "direct" and app.trigger != "docker" and not app.slow and not app.shared


# The order is part of a seed's result: scenarios book their days one after the other.
SCENARIOS = (
    Scenario(_rolled_back("undo"), 22, _single_target, rolls_back=True, harm=True),
    Scenario(_rolled_back("undo", 2), 4, _single_target, rolls_back=True, harm=True),
    Scenario(_rolled_back("rollback"), 30, _kubernetes, rolls_back=True, harm=True),
    Scenario(_rolled_back("rollback", 2), 6, _kubernetes, rolls_back=True, harm=True),
    Scenario(_rolled_back("older"), 8, _kubernetes, rolls_back=True, harm=True),
    Scenario(_rolled_back("groups"), 8, lambda app: app.vm, rolls_back=True, harm=True),
    Scenario(_fixed("deploy"), 26, _own_repository, harm=True),
    Scenario(_fixed("hotfix"), 12, lambda app: _own_repository(app) and _kubernetes(app), harm=True),
    Scenario(_fixed_after_rollback, 8, _own_repository, rolls_back=True, harm=True),
    Scenario(_reverted(95), 28, _own_repository, harm=True),
    Scenario(_reverted(50 * 60), 10, _own_repository),
    Scenario(lambda builder: builder.revert_and_deploy(12, builder.merge(0)), 12, _own_repository),
    Scenario(_incident_by_time, 60, harm=True),
    Scenario(lambda builder: builder.open_incident(28 * 60, deployment_change=builder.ship(0)), 10, harm=True),
    Scenario(lambda builder: builder.open_incident(100, commit_change=builder.ship(0)), 6, harm=True),
    Scenario(_incident_open, 2),
    Scenario(lambda builder: builder.open_incident(builder.random.uniform(0, 300)), 14),
    Scenario(lambda builder: builder.start_operation(95, "again", builder.ship(0, "unstable")), 16, harm=True),
    Scenario(_unstable_rolled_back, 10, rolls_back=True, harm=True),
    Scenario(_unstable_replaced, 14, harm=True),
    Scenario(_ending("bake_fails"), 4),
    Scenario(_ending("tests_fail"), 4),
    Scenario(_ending("deploy_fails"), 6),
    Scenario(_ending("canceled"), 6),
    Scenario(_ending("restarted"), 14),
    Scenario(_ending("canary_fail"), 10, _has_canary, canary=True, harm=True),
    Scenario(_ending("canary_marginal"), 6, _has_canary, canary=True),
    Scenario(_ending("canary_error"), 5, _has_canary, canary=True),
    Scenario(_ending("canary_canceled"), 4, _has_canary, canary=True),
    Scenario(_ending("canary_overridden"), 8, _has_canary, canary=True),
    Scenario(_bad_canary_overridden, 6, _has_canary, canary=True),
    Scenario(_ending("rejected"), 10, _slow),
    Scenario(_ending("judgment_timeout"), 3, _slow),
    Scenario(lambda builder: builder.start_operation(100, "again", builder.ship(0)), 14, _kubernetes),
    Scenario(_operation("restart"), 40, _kubernetes),
    Scenario(_configured, 40, _kubernetes),
    Scenario(_operation("dry"), 10, _kubernetes),
    Scenario(_burst, 40, lambda app: not app.slow),
    Scenario(_fixed_from_branch, 10, _branch_deployable, harm=True),
    Scenario(_chained, 14, lambda app: app.name == LEADER),
)


def write_last_hour(builder: ScriptBuilder) -> None:
    """One run in progress, one queued behind it, one change without a run; ``start`` is the end of the simulation."""
    # The second run finds the first in progress, and waits.
    for merged, begun in ((-11, -4), (-9, -2)):
        builder.start_operation(begun, "deploy", builder.merge(merged))
    builder.script.intents[builder.app.name][-1].scripted = False
    builder.merge(-1)


def write_undeployed_changes(builder: ScriptBuilder) -> None:
    """Changes that await deployment at the end, and one of them reverted; ``start`` is the end of the simulation."""
    for hours in (70, 49, 30, 8):
        builder.merge(-hours * 60)
    reverted = builder.merge(-29 * 60)
    builder.revert(-26 * 60, reverted)
