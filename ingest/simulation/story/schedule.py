"""The script of a year: which scenario happens to which application on which day, and the ordinary days around them."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from random import Random

from ingest.simulation.model.clock import DAY, HOUR, MINUTE, dice, is_workday, midnight, weekday
from ingest.simulation.model.company import App
from ingest.simulation.model.repository import Change, order_trunk
from ingest.simulation.story import scenarios
from ingest.simulation.story.script import Intent, Script, ScriptBuilder, draft_change

_DAYS_APART = 4  # so that no scenario's failure window (24 hours) reaches into the next one
_SETTLES = 4 * DAY  # no scenario begins so near to the end that its outcome would be unknown
_CORE_CALM = 95 * DAY  # the demo shows a core without rollbacks in its last three months
_OPENING = 9 * HOUR + 20 * MINUTE
_FAILURES = (("tests_fail", 0.03), ("canceled", 0.012), ("bake_fails", 0.008), ("deploy_fails", 0.006))
_CANARY_FAILURES = (
    ("canary_fail", 0.03),
    ("canary_marginal", 0.015),
    ("canary_error", 0.008),
    ("canary_canceled", 0.004),
)


@dataclass(frozen=True, slots=True)
class Year:
    """The simulated period in epoch milliseconds, the seed, and the share of full volume that each application has."""

    seed: int
    start: int
    end: int
    volume: float
    scale: float

    def adopted(self, app: App) -> float:
        """When an application adopts the template's second version; infinite if never."""
        if app.template != "adopts":
            return math.inf
        return self.roll_out + dice(self.seed, app.name, "adopts").randint(0, 20) * DAY

    @property
    def roll_out(self) -> int:
        """When the template's second version is there: in the middle of the year, so that both have half of it."""
        return midnight((self.start + self.end) // 2)

    def canaries(self, app: App) -> float:
        """From when on an application has canaries; infinite if never."""
        return {"always": float(self.start), "template": self.adopted(app), "never": math.inf}[app.canary]

    def days(self) -> list[int]:
        """Midnights of the days that are completely inside."""
        return list(range(midnight(self.start) + DAY, midnight(self.end), DAY))

    @property
    def first(self) -> int:
        """The working day of every application's first deployment."""
        return next(day for day in self.days() if is_workday(day))


@dataclass(slots=True)
class _Calendar:
    """The days of each application that are free for a scenario, and those that have one."""

    year: Year
    free: dict[str, set[int]] = field(default_factory=dict)
    booked: dict[str, set[int]] = field(default_factory=dict)

    def add(self, app: App) -> None:
        last = self.year.end - (_SETTLES + 2 * DAY if app.slow else _SETTLES)
        first = self.year.first + 6 * DAY
        # Monday to Thursday: what a scenario does on the next day is on a working day too.
        self.free[app.name] = {
            day for day in self.year.days() if first < day < last and is_workday(day) and weekday(day) < 4
        }
        self.booked[app.name] = set()

    def book(self, app: App, scenario: scenarios.Scenario, random: Random) -> int | None:
        year = self.year
        last = year.end - _CORE_CALM if scenario.rolls_back and app.core else math.inf
        first = year.canaries(app) + DAY if scenario.canary else 0
        days = sorted(day for day in self.free[app.name] if first <= day < last)
        if scenario.harm and random.random() < 0.5:
            days = [day for day in days if day < (year.start + year.end) // 2] or days
        if not days:
            return None
        day = random.choice(days)
        self.booked[app.name].add(day)
        self.free[app.name] -= {day + offset * DAY for offset in range(-_DAYS_APART, _DAYS_APART + 1)}
        return day


def write_scripts(apps: tuple[App, ...], year: Year) -> dict[str, Script]:
    """The script of every repository; its changes are in trunk order, its intents by time."""
    scripts = {app.repo: Script(intents={}) for app in apps}
    calendar = _Calendar(year)
    for app in apps:
        calendar.add(app)
        scripts[app.repo].intents[app.name] = []
    _add_scenarios(apps, year, scripts, calendar)
    _add_first_and_last_days(apps, year, scripts)
    for repository, script in scripts.items():
        fed = [app for app in apps if app.repo == repository]
        for app in fed:
            _add_ordinary_changes(app, fed, year, script, calendar)
        script.changes = order_trunk(change for change in script.changes if change.at <= year.end)
        for app in fed:
            _add_ordinary_intents(app, year, script, calendar.booked[app.name])
            script.intents[app.name].sort(key=lambda intent: (intent.at, intent.action))
    return scripts


def _add_scenarios(apps: tuple[App, ...], year: Year, scripts: dict[str, Script], calendar: _Calendar) -> None:
    random = dice(year.seed, "stories")
    for scenario in scenarios.SCENARIOS:
        fitting = [app for app in apps if scenario.fits(app)]
        for nth in range(max(1, round(scenario.times * year.scale))):
            # An application without a free day passes the scenario on.
            for app in random.sample(fitting, len(fitting)):
                day = calendar.book(app, scenario, random)
                if day is not None:
                    begin = day + _OPENING + random.randint(0, 50) * MINUTE
                    scenario.write(ScriptBuilder(scripts[app.repo], app, begin, dice(year.seed, app.name, day, nth)))
                    break


def _add_first_and_last_days(apps: tuple[App, ...], year: Year, scripts: dict[str, Script]) -> None:
    for nth, app in enumerate(apps):
        begin = year.first + _OPENING + nth * 3 * MINUTE
        # The first deployment is a baseline: it ships its own change, and the six before it are in no lead time.
        ScriptBuilder(scripts[app.repo], app, begin, dice(year.seed, app.name, "first")).ship(0)
        random = dice(year.seed, app.name, "before")
        for _ in range(6):
            change = draft_change(app, year.first - random.randint(2 * HOUR, 15 * DAY), random)
            change.ordinary = False
            scripts[app.repo].changes.append(change)
    slow = next(app for app in apps if app.slow)
    for app, write in ((apps[0], scenarios.write_last_hour), (slow, scenarios.write_undeployed_changes)):
        write(ScriptBuilder(scripts[app.repo], app, year.end, dice(year.seed, app.name, "last")))


def _add_ordinary_changes(app: App, fed: list[App], year: Year, script: Script, calendar: _Calendar) -> None:
    random = dice(year.seed, app.name, "ordinary")
    booked = {day for other in fed for day in calendar.booked[other.name]}
    # The application of the last hour is idle before it, so that its scenario finds no other run.
    last = year.end - (3 * HOUR if any(change.at > year.end - HOUR for change in script.changes) else 0)
    for day in [*year.days(), midnight(year.end)]:
        if day <= year.first or day in calendar.booked[app.name]:
            continue
        # Weekends and the turn of the year are nearly quiet.
        rate = app.rate * year.volume * (1 if is_workday(day) else 0.03)
        for _ in range(_poisson(rate, random)):
            # From 9:00 to 17:42 UTC, most of them around 14:30.
            at = day + 9 * HOUR + int(random.triangular(0, 8.7, 5.5) * HOUR)
            change = draft_change(app, at, random)
            if app.shared and day not in booked:
                _spread(change, fed, random)
            if at < last:
                script.changes.append(change)


def _spread(change: Change, fed: list[App], random: Random) -> None:
    """Let some changes of a shared repository belong to all of its applications, and some to none."""
    roll = random.random()
    if roll < 0.12:
        change.paths, change.applications = ("libs/common.py",), tuple(app.name for app in fed)
    elif roll < 0.2:
        change.paths, change.applications = ("docs/guide.md",), ()


def _add_ordinary_intents(app: App, year: Year, script: Script, booked: set[int]) -> None:
    random = dice(year.seed, app.name, "intents")
    changes = [change for change in script.changes if app.name in change.applications]
    intents = script.intents[app.name]
    for change in changes:
        at = change.at + random.randint(5 * MINUTE, 9 * MINUTE)
        if change.ordinary and app.staging == "separate":
            intents.append(Intent(at, "staging", change))
        if change.ordinary and not app.slow:
            intents.append(Intent(at, "deploy", change, _ending(at >= year.canaries(app), random)))
    if app.slow:
        intents += _batches(year, changes, booked, random)
    if app.nightly:
        nights = [day for day in year.days() if is_workday(day) and random.random() < year.volume / 2]
        intents += [Intent(day + 3 * HOUR, "nightly") for day in nights]


def _batches(year: Year, changes: list[Change], booked: set[int], random: Random) -> list[Intent]:
    """Releases of a slow application: on Tuesdays and Thursdays, of everything merged until then."""
    times = [change.at for change in changes]
    intents = []
    for day in year.days():
        busy = booked & {day, day + DAY, day + 2 * DAY}
        too_late = day > year.end - _SETTLES - DAY
        if weekday(day) not in (1, 3) or not is_workday(day) or busy or too_late or day <= year.first:
            continue
        at = day + 10 * HOUR + random.randint(0, 90) * MINUTE
        head = bisect_right(times, at - 10 * MINUTE) - 1
        # At a small volume every other batch still happens.
        if head >= 0 and random.random() < max(0.5, min(1.0, 2 * year.volume)):
            ending = "rejected" if random.random() < 0.05 else _ending(False, random)
            intents.append(Intent(at, "deploy", changes[head], ending))
    return intents


def _ending(canary: bool, random: Random) -> str:
    roll = random.random()
    for ending, share in _FAILURES + (_CANARY_FAILURES if canary else ()):
        if roll < share:
            return ending
        roll -= share
    return "ok"


def _poisson(rate: float, random: Random) -> int:
    """A Poisson draw by inversion of its distribution function; ``random`` has none."""
    chance = math.exp(-rate)
    count, left = 0, random.random() - chance
    while left > 0:
        count += 1
        chance *= rate / count
        left -= chance
    return count
