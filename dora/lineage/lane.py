"""What has served one target, as intervals of one content with one template. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

Height = Callable[[int], int]  # of a content


class Interval:
    """A stretch of time in which one content with one template served a target; attempts are given by number."""

    __slots__ = ("confirmed_by", "content", "is_promotion", "next", "started_by", "template")

    def __init__(self, content: int, template: int, number: int) -> None:
        self.content, self.template = content, template
        self.started_by = self.confirmed_by = number
        self.is_promotion = False
        self.next: Interval | None = None

    def is_like(self, other: Interval) -> bool:
        """Tell whether both have one content and one template."""
        return self.content == other.content and self.template == other.template


class Peaks:
    """The intervals of a lane that are higher than all before them: the first above any height is one of them."""

    def __init__(self, first: Interval, height: Height) -> None:
        self._height, self._last_read = height, first
        self._heights, self._intervals = [height(first.content)], [first]

    def first_from(self, height: int) -> Interval | None:
        """Return the first interval that is at least so high."""
        while (interval := self._last_read.next) is not None:
            self._last_read = interval
            own_height = self._height(interval.content)
            if own_height > self._heights[-1]:
                self._heights.append(own_height)
                self._intervals.append(interval)
        place = bisect_left(self._heights, height)
        return self._intervals[place] if place < len(self._intervals) else None


class Lane:
    """What has served one target: its intervals, the last one of each content, and the last of all."""

    __slots__ = ("by_content", "by_revision", "current", "first", "first_partial", "last_partial", "peaks")

    def __init__(self, first: Interval) -> None:
        self.first = self.current = first
        self.by_content = {first.content: first}
        self.by_revision = {(first.content, first.template): first}
        self.peaks: dict[Height, Peaks] = {}
        # What first and what last took a part of the traffic since.
        self.first_partial: Interval | None = None
        self.last_partial: Interval | None = None

    def append(self, interval: Interval) -> None:
        """Let an interval follow the current one."""
        self.current.next = self.current = interval
        self.by_content[interval.content] = interval
        self.by_revision[interval.content, interval.template] = interval
        self.first_partial = self.last_partial = None

    def confirm(self, number: int) -> None:
        """Let an attempt serve again in full what serves."""
        self.current.confirmed_by = number
        self.first_partial = self.last_partial = None

    def serve_part(self, interval: Interval) -> None:
        """Let something take a part of the traffic."""
        self.first_partial = self.first_partial or interval
        self.last_partial = interval

    def first_from(self, height: Height, at_least: int) -> Interval | None:
        """Return the first interval whose content is at least so high."""
        if height not in self.peaks:
            self.peaks[height] = Peaks(self.first, height)
        return self.peaks[height].first_from(at_least)
