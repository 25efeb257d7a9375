"""Which contents of a target have traffic: all of it, or a part (rules T4 and D7). Pure."""

from __future__ import annotations

from collections import defaultdict

from dora.targets.preparations import Preparations
from dora.targets.revisions import Content


class Traffic:
    """What serves: ``current`` in full, as ``previous`` did before, and ``partial`` with a part of the traffic."""

    def __init__(self, preparations: Preparations) -> None:
        self.current: Content | None = None
        self.previous: Content | None = None
        self.partial: dict[Content, None] = {}
        self._preparations = preparations
        self._running: defaultdict[str, dict[Content, None]] = defaultdict(dict)  # what has traffic, by workload
        self._turns: list[Content] = []  # what got traffic, in order; what has stopped since leaves it when it is read

    def serve(self, content: Content, *, in_full: bool) -> None:
        """Give a content all of the traffic, or a part."""
        self._running[content.workload][content] = None
        self._turns.append(content)
        if in_full:
            self.previous = self.previous if content is self.current else self.current
            self.current, content.served_in_full = content, True
            for each in [*self.partial, content]:  # what had a part of the traffic has none now
                self._preparations.count_steps(each)
            self.partial = {}
        elif content is not self.current:
            self.partial[content] = None

    def lose_part(self, content: Content) -> None:
        """Take away the part that a content has."""
        if content in self.partial:
            del self.partial[content]
            self._preparations.count_steps(content)

    def stop(self, content: Content) -> None:
        """Let a content have no traffic."""
        self._running[content.workload].pop(content, None)
        self.lose_part(content)

    def replace(self, content: Content) -> None:
        """Stop what else runs in a workload that runs one content only, or what serves too while another one waits."""
        for each in self.others_running(content.workload, content):
            if content.pauses and each is self.current:
                self._running[content.workload][each] = None
            else:
                self.stop(each)

    def others_running(self, workload: str, content: Content | None) -> list[Content]:
        """Return what runs in a workload beside a content, to be stopped."""
        running = self._running[workload]
        is_running = content in running
        if len(running) == is_running:
            return []
        # A dictionary that many entries leave one by one takes as long to read as before: a new one takes its place.
        self._running[workload] = {content: None} if content and is_running else {}
        return [each for each in running if each is not content]

    def find_successor(self) -> Content | None:
        """Return what serves when the current content stops: the last that got all the traffic and still runs."""
        while self._turns:
            content = self._turns[-1]
            if content.served_in_full and content in self._running[content.workload]:
                return content
            self._turns.pop()
        return None
