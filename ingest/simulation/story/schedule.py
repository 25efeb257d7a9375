"""The year's script: which story happens to whom on which day, and the ordinary days around them."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from random import Random

from ingest.simulation.model.clock import DAY, HOUR, MINUTE, dice, is_workday, midnight
from ingest.simulation.model.company import App
from ingest.simulation.model.repository import Change, in_order
from ingest.simulation.story import scenarios
from ingest.simulation.story.script import Intent, Pen, Script, draft

_APART = 4
_CORE_IS_CALM = 95 * DAY
_TROUBLES = (("tests_fail", 0.03), ("canceled", 0.012), ("bake_fails", 0.008), ("deploy_fails", 0.006))
_CANARY_TROUBLES = (
    ("canary_fail", 0.03),
    ("canary_marginal", 0.015),
    ("canary_error", 0.008),
    ("canary_canceled", 0.004),
)


@dataclass(frozen=True, slots=True)
class Year:
    """The simulated span in epoch milliseconds, the seed, and the share of full volume that is kept."""

    seed: int
    start: int
    end: int
    volume: float
    scale: float

    def adopted(self, app: App) -> float:
        """When the application went over to the template's second version; infinite where it did not."""
        if app.template != "adopts":
            return math.inf
        return midnight((self.start + self.end) // 2) + dice(self.seed, app.name, "adopts").randint(0, 20) * DAY

    def canaries(self, app: App) -> float:
        """From when on the application has canaries."""
        return {"always": float(self.start), "template": self.adopted(app), "never": math.inf}[app.canary]

    def days(self) -> list[int]:
        """Midnights of the days that are wholly inside."""
        return list(range(midnight(self.start) + DAY, midnight(self.end), DAY))

    @property
    def first(self) -> int:
        """The working day of every application's first deployment."""
        return next(day for day in self.days() if is_workday(day))


@dataclass(slots=True)
class _Diary:
    """Which days of which application are taken by a story."""

    year: Year
    free: dict[str, set[int]] = field(default_factory=dict)
    taken: dict[str, set[int]] = field(default_factory=dict)

    def open(self, app: App) -> None:
        last = self.year.end - (scenarios.SETTLES + 2 * DAY if app.slow else scenarios.SETTLES)
        first = self.year.first + 6 * DAY
        days = [day for day in self.year.days() if first < day < last and is_workday(day)]
        self.free[app.name] = {day for day in days if (day // DAY + 3) % 7 < 4}
        self.taken[app.name] = set()

    def book(self, app: App, story: scenarios.Story, random: Random) -> int | None:
        year = self.year
        last = year.end - _CORE_IS_CALM if story.rolls_back and app.core else math.inf
        first = year.canaries(app) + DAY if story.canary else 0
        days = sorted(day for day in self.free[app.name] if first <= day < last)
        if story.harm and random.random() < 0.5:
            days = [day for day in days if day < (year.start + year.end) // 2] or days
        if not days:
            return None
        day = random.choice(days)
        self.taken[app.name].add(day)
        self.free[app.name] -= {day + away * DAY for away in range(-_APART, _APART + 1)}
        return day


def write(apps: tuple[App, ...], year: Year) -> dict[str, Script]:
    """The script of every repository; its changes are in trunk order, its intents by time."""
    scripts = {app.repo: Script(intents={}) for app in apps}
    diary = _Diary(year)
    for app in apps:
        diary.open(app)
        scripts[app.repo].intents[app.name] = []
    _tell_stories(apps, year, scripts, diary)
    _frame(apps, year, scripts)
    for repository, script in scripts.items():
        fed = [app for app in apps if app.repo == repository]
        for app in fed:
            _ordinary_changes(app, fed, year, script, diary)
        script.changes = in_order(change for change in script.changes if change.at <= year.end)
        for app in fed:
            _ordinary_intents(app, year, script, diary.taken[app.name])
            script.intents[app.name].sort(key=lambda intent: (intent.at, intent.action))
    return scripts


def _tell_stories(apps: tuple[App, ...], year: Year, scripts: dict[str, Script], diary: _Diary) -> None:
    random = dice(year.seed, "stories")
    for story in scenarios.STORIES:
        fitting = [app for app in apps if story.fits(app)]
        for nth in range(max(1, round(story.times * year.scale))):
            for app in random.sample(fitting, len(fitting)):
                day = diary.book(app, story, random)
                if day is not None:
                    begin = day + scenarios.OPENING + random.randint(0, 50) * MINUTE
                    story.tell(Pen(scripts[app.repo], app, begin, dice(year.seed, app.name, day, nth)))
                    break


def _frame(apps: tuple[App, ...], year: Year, scripts: dict[str, Script]) -> None:
    for nth, app in enumerate(apps):
        begin = year.first + scenarios.OPENING + nth * 3 * MINUTE
        scenarios.first_day(Pen(scripts[app.repo], app, begin, dice(year.seed, app.name, "first")))
        random = dice(year.seed, app.name, "before")
        for _ in range(6):
            change = draft(app, year.first - random.randint(2 * HOUR, 15 * DAY), random)
            change.ordinary = False
            scripts[app.repo].changes.append(change)
    closing, waiting = apps[0], next(app for app in apps if app.slow)
    for app, tell in ((closing, scenarios.last_hour), (waiting, scenarios.left_waiting)):
        tell(Pen(scripts[app.repo], app, year.end, dice(year.seed, app.name, "last")))


def _ordinary_changes(app: App, fed: list[App], year: Year, script: Script, diary: _Diary) -> None:
    random = dice(year.seed, app.name, "ordinary")
    quiet = {day for other in fed for day in diary.taken[other.name]}
    last = year.end - (3 * HOUR if any(change.at > year.end - HOUR for change in script.changes) else 0)
    days = [day for day in [*year.days(), midnight(year.end)] if day > year.first and day not in diary.taken[app.name]]
    for day in days:
        rate = app.rate * year.volume * (1 if is_workday(day) else 0.03)
        for _ in range(_poisson(rate, random)):
            at = day + 9 * HOUR + int(random.triangular(0, 8.7, 5.5) * HOUR)
            change = draft(app, at, random)
            if app.shared and day not in quiet:
                _spread(change, fed, random)
            if at < last:
                script.changes.append(change)


def _spread(change: Change, fed: list[App], random: Random) -> None:
    """In a shared repository some changes belong to everybody and some to nobody."""
    roll = random.random()
    if roll < 0.12:
        change.paths, change.applications = ("libs/common.py",), tuple(app.name for app in fed)
    elif roll < 0.2:
        change.paths, change.applications = ("docs/guide.md",), ()


def _ordinary_intents(app: App, year: Year, script: Script, taken: set[int]) -> None:
    random = dice(year.seed, app.name, "intents")
    mine = [change for change in script.changes if app.name in change.applications]
    intents = script.intents[app.name]
    for change in mine:
        at = change.at + random.randint(5 * MINUTE, 9 * MINUTE)
        if change.ordinary and app.staging == "separate":
            intents.append(Intent(at, "staging", change))
        if change.ordinary and not app.slow:
            intents.append(Intent(at, "deploy", change, _fate(app, at >= year.canaries(app), random)))
    if app.slow:
        intents += _batches(app, year, mine, taken, random)
    if app.trigger == "jenkins" or app.name == "gateway":
        nights = [day for day in year.days() if is_workday(day) and random.random() < year.volume / 2]
        intents += [Intent(day + 3 * HOUR, "nightly") for day in nights]


def _batches(app: App, year: Year, mine: list[Change], taken: set[int], random: Random) -> list[Intent]:
    times = [change.at for change in mine]
    found, first = [], year.first
    for day in year.days():
        busy = taken & {day, day + DAY, day + 2 * DAY}
        settled = day > year.end - scenarios.SETTLES - DAY
        if (day // DAY + 3) % 7 not in (1, 3) or not is_workday(day) or busy or settled or day <= first:
            continue
        at = day + 10 * HOUR + random.randint(0, 90) * MINUTE
        head = bisect_right(times, at - 10 * MINUTE) - 1
        if head >= 0 and random.random() < max(0.5, min(1.0, 2 * year.volume)):
            ending = "rejected" if random.random() < 0.05 else _fate(app, False, random)
            found.append(Intent(at, "deploy", mine[head], ending))
    return found


def _fate(app: App, canary: bool, random: Random) -> str:
    roll = random.random()
    for ending, share in _TROUBLES + (_CANARY_TROUBLES if canary else ()):
        if roll < share:
            return ending
        roll -= share
    return "ok"


def _poisson(rate: float, random: Random) -> int:
    count, left = 0, random.random() - math.exp(-rate)
    chance = math.exp(-rate)
    while left > 0:
        count += 1
        chance *= rate / count
        left -= chance
    return count
