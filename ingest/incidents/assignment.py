"""Which applications an incident belongs to, and whether it counts."""

from __future__ import annotations

from dora.errors import UsageError
from ingest.core.mapping import AmbiguousNameError, GlobMapping
from ingest.core.names import fold
from ingest.incidents.report import Assignment, IncidentReport
from ingest.incidents.settings import IncidentSettings

# Why an incident does not count; a source has further words for what it says of an incident itself.
NO_APPLICATION, AMBIGUOUS, IGNORED, SEVERITY = "no application", "ambiguous service", "ignored service", "severity"


class Assigner:
    """Assigns incidents by the settings of their source. Raises ``UsageError`` if two names contradict each other."""

    def __init__(self, settings: IncidentSettings, section: str) -> None:
        try:
            self.services = GlobMapping(settings.services)
        except ValueError as error:
            raise UsageError(f"{section} services: {error}; nothing was fetched.", "keep one of them.") from None
        self._ignored = GlobMapping(dict.fromkeys(settings.ignore, ""))
        self._severities = GlobMapping(dict.fromkeys(settings.severities, ""))

    def assign(self, report: IncidentReport) -> Assignment:
        """Return the applications of an incident.

        It names its services in several ways, the first of which that has an application decides.
        """
        service = report.service or next((names[0] for names in report.services if names), report.id)
        applications: dict[str, str] = {}
        for names in report.services:
            kept = [name for name in names if not self.is_ignored(name)]
            try:
                values = filter(None, map(self.services.find, kept))
                applications |= {fold(application): application for application in values}
            except AmbiguousNameError as error:
                return Assignment((), service, AMBIGUOUS, str(error))
            if applications or len(kept) < len(names):
                break
        else:
            kept, names = [], []
        ordered = tuple(applications[name] for name in sorted(applications))
        unassigned = None if ordered else IGNORED if len(kept) < len(names) else NO_APPLICATION
        return Assignment(ordered, service, report.exclusion or unassigned or self._exclude(report))

    def is_ignored(self, name: str) -> bool:
        """Whether incidents of a service are left out; a service that is written out in ``services`` is not."""
        return self._ignored.find(name) is not None and not self.services.has_exactly(name)

    def _exclude(self, report: IncidentReport) -> str | None:
        if self._severities.keys and (report.severity is None or self._severities.find(report.severity) is None):
            return SEVERITY
        return None
