"""Every story that the company lives through, how often in a full year, and which applications it can happen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.simulation.model.clock import DAY, HOUR, MINUTE
from ingest.simulation.model.company import FOLLOWER, LEADER, App
from ingest.simulation.story.script import Pen

Tell = Callable[[Pen], None]
Fits = Callable[[App], bool]


@dataclass(frozen=True, slots=True)
class Story:
    """One story. ``times``: how often at full scale. ``rolls_back``: kept out of the core's last months.

    ``canary``: only while the application has canaries. ``harm``: more often before the template's second version.
    """

    tell: Tell
    times: int
    fits: Fits = lambda app: True
    rolls_back: bool = False
    canary: bool = False
    harm: bool = False


def _ending(name: str) -> Tell:
    def tell(pen: Pen) -> None:
        pen.ship(0, name)

    return tell


def _action(name: str) -> Tell:
    def tell(pen: Pen) -> None:
        pen.act(0, name)

    return tell


def _rolled_back(action: str, steps: int = 1) -> Tell:
    def tell(pen: Pen) -> None:
        for nth in range(steps):
            pen.ship(75 * nth)
        pen.roll_back(75 * steps + pen.random.uniform(10, 60), action, steps)

    return tell


def _hotfixed(action: str) -> Tell:
    def tell(pen: Pen) -> None:
        pen.ship(0)
        pen.fix(pen.random.uniform(80, 240), action)

    return tell


def _fixed_from_branch(pen: Pen) -> None:
    pen.fix_from_branch(pen.random.uniform(80, 140), pen.ship(0))


def _chained(pen: Pen) -> None:
    """A change of two applications: the success of the one's pipeline starts the other's."""
    change = pen.ship(0)
    change.paths, change.applications = (*change.paths, f"services/{FOLLOWER}/rules.py"), (pen.app.name, FOLLOWER)
    pen.script.intents[pen.app.name][-1].starts = FOLLOWER


def _hotfixed_after_rollback(pen: Pen) -> None:
    pen.ship(0)
    pen.roll_back(85, "rollback")
    pen.fix(pen.random.uniform(140, 260), "deploy")


def _reverted(minutes: int) -> Tell:
    def tell(pen: Pen) -> None:
        pen.revert(minutes + pen.random.uniform(0, 90), pen.ship(0))

    return tell


def _reverted_unshipped(pen: Pen) -> None:
    pen.revert(12, pen.merge(0))


def _incident(pen: Pen) -> None:
    pen.ship(0)
    pen.incident(75 + pen.random.uniform(0, 1000))


def _incident_linked(pen: Pen) -> None:
    pen.incident(28 * 60, deployed=pen.ship(0))


def _incident_named(pen: Pen) -> None:
    pen.incident(100, named=pen.ship(0))


def _incident_open(pen: Pen) -> None:
    pen.ship(0)
    pen.incident(90).resolved_at = None


def _incident_alone(pen: Pen) -> None:
    pen.incident(pen.random.uniform(0, 300))


def _unstable_retried(pen: Pen) -> None:
    change = pen.ship(0, "unstable")
    pen.act(95, "again", change)


def _unstable_undone(pen: Pen) -> None:
    pen.ship(0, "unstable")
    pen.roll_back(95, "rollback")


def _unstable_replaced(pen: Pen) -> None:
    pen.ship(0, "unstable")
    pen.ship(95)


def _overridden_in_vain(pen: Pen) -> None:
    pen.ship(0, "canary_overridden")
    pen.incident(130)


def _again(pen: Pen) -> None:
    pen.act(100, "again", pen.ship(0))


def _configured(pen: Pen) -> None:
    pen.act(0, "config")
    if pen.random.random() < 0.15:
        pen.incident(40)


def _burst(pen: Pen) -> None:
    for minute in (0, 4, 8):
        pen.merge(minute).ordinary = True


def _kubernetes(app: App) -> bool:
    return not app.vm


def _single(app: App) -> bool:
    return not app.vm and len(app.targets) == 1


def _alone(app: App) -> bool:
    return not app.shared


def _quick(app: App) -> bool:
    return not app.slow


def _slow(app: App) -> bool:
    return app.slow


def _branched(app: App) -> bool:
    return app.trigger != "docker" and not app.slow


def _monitored(app: App) -> bool:
    return app.canary != "never"


STORIES = (
    Story(_rolled_back("undo"), 22, _single, rolls_back=True, harm=True),
    Story(_rolled_back("undo", 2), 4, _single, rolls_back=True, harm=True),
    Story(_rolled_back("rollback"), 30, _kubernetes, rolls_back=True, harm=True),
    Story(_rolled_back("rollback", 2), 6, _kubernetes, rolls_back=True, harm=True),
    Story(_rolled_back("older"), 8, _kubernetes, rolls_back=True, harm=True),
    Story(_rolled_back("groups"), 8, lambda app: app.vm, rolls_back=True, harm=True),
    Story(_hotfixed("deploy"), 26, _alone, harm=True),
    Story(_hotfixed("hotfix"), 12, lambda app: _alone(app) and _kubernetes(app), harm=True),
    Story(_hotfixed_after_rollback, 8, _alone, rolls_back=True, harm=True),
    Story(_reverted(95), 28, _alone, harm=True),
    Story(_reverted(50 * 60), 10, _alone),
    Story(_reverted_unshipped, 12, _alone),
    Story(_incident, 60, harm=True),
    Story(_incident_linked, 10, harm=True),
    Story(_incident_named, 6, harm=True),
    Story(_incident_open, 2),
    Story(_incident_alone, 14),
    Story(_unstable_retried, 16, harm=True),
    Story(_unstable_undone, 10, rolls_back=True, harm=True),
    Story(_unstable_replaced, 14, harm=True),
    Story(_ending("bake_fails"), 4),
    Story(_ending("tests_fail"), 4),
    Story(_ending("deploy_fails"), 6),
    Story(_ending("canceled"), 6),
    Story(_ending("restarted"), 14),
    Story(_ending("canary_fail"), 10, _monitored, canary=True, harm=True),
    Story(_ending("canary_marginal"), 6, _monitored, canary=True),
    Story(_ending("canary_error"), 5, _monitored, canary=True),
    Story(_ending("canary_canceled"), 4, _monitored, canary=True),
    Story(_ending("canary_overridden"), 8, _monitored, canary=True),
    Story(_overridden_in_vain, 6, _monitored, canary=True),
    Story(_ending("rejected"), 10, _slow),
    Story(_ending("judgment_timeout"), 3, _slow),
    Story(_again, 14, _kubernetes),
    Story(_action("restart"), 40, _kubernetes),
    Story(_configured, 40, _kubernetes),
    Story(_action("dry"), 10, _kubernetes),
    Story(_burst, 40, _quick),
    Story(_fixed_from_branch, 10, lambda app: _alone(app) and app.shape == "direct" and _branched(app), harm=True),
    Story(_chained, 14, lambda app: app.name == LEADER),
)


def first_day(pen: Pen) -> None:
    """The first deployment that anybody can see: a baseline."""
    pen.ship(0)


def last_hour(pen: Pen) -> None:
    """One run is under way, one waits behind it, one change has no run yet; ``start`` is the end of the simulation."""
    for merged, begun in ((-11, -4), (-9, -2)):
        change = pen.merge(merged)
        pen.act(begun, "deploy", change)
    pen.script.intents[pen.app.name][-1].scripted = False
    pen.merge(-1)


def left_waiting(pen: Pen) -> None:
    """Changes that nobody has shipped by the end, and one of them taken back; ``start`` is the end."""
    for hours in (70, 49, 30, 8):
        pen.merge(-hours * 60)
    reverted = pen.merge(-29 * 60)
    revert = pen.merge(-26 * 60)
    revert.style, revert.reverts, revert.paths = "squash", reverted, reverted.paths


SETTLES = 4 * DAY
OPENING = 9 * HOUR + 20 * MINUTE
