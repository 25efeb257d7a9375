"""What has served one target, as intervals of one content with one template. Pure."""

from __future__ import annotations


class Interval:
    """A stretch of time in which one content with one template served a target; attempts are given by number."""

    __slots__ = ("confirmed_by", "content", "is_promotion", "next", "started_by", "template")

    def __init__(self, content: int, template: int, number: int) -> None:
        self.content, self.template = content, template
        self.started_by = self.confirmed_by = number
        self.is_promotion = False
        self.next: Interval | None = None


class Lane:
    """What has served one target: its intervals, the last one of each content, and the last of all."""

    __slots__ = ("by_content", "by_revision", "current", "first", "partial")

    def __init__(self, first: Interval) -> None:
        self.first = self.current = first
        self.by_content = {first.content: first}
        self.by_revision = {(first.content, first.template): first}
        self.partial: Interval | None = None  # what first took a part of the traffic since

    def append(self, interval: Interval) -> None:
        """Let an interval follow the current one."""
        self.current.next = self.current = interval
        self.by_content[interval.content] = interval
        self.by_revision[interval.content, interval.template] = interval
        self.partial = None
