"""Whether every service has an application, and every name of the settings a service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dora.errors import counted
from ingest.core.mapping import AmbiguousNameError, describe_suggestions, suggest_names
from ingest.doctor.finding import DoctorFinding
from ingest.incidents.assignment import Assigner

MAX_NAMES = 5


def check_services(name: str, section: str, assigner: Assigner, services: Sequence[str]) -> Iterator[DoctorFinding]:
    """Yield the findings about the services that a system shows."""
    check, correct = f"{name} services", f"correct services or ignore in {section}."
    unmapped, ambiguous = _find_problems(assigner, services)
    if ambiguous:
        yield DoctorFinding(check, "fail", f"several applications: {_abbreviate(ambiguous)}", correct)
    if unmapped:
        keys = assigner.services.keys
        listed = [f"{service}{describe_suggestions(suggest_names(service, keys))}" for service in unmapped]
        message = (
            f"{counted(len(unmapped), 'service')} of {len(services):,} without an application: {_abbreviate(listed)}"
        )
        yield DoctorFinding(check, "warn", message, correct)
    if unused := assigner.services.list_unused(services):
        listed = [f"{key}{describe_suggestions(suggest_names(key, services))}" for key in unused]
        yield DoctorFinding(check, "warn", f"names that match no service: {_abbreviate(listed)}", correct)
    if not (ambiguous or unmapped or unused):
        yield DoctorFinding(
            check, "ok", f"each of {counted(len(services), 'service')} has an application or is ignored"
        )


def _find_problems(assigner: Assigner, services: Sequence[str]) -> tuple[list[str], list[str]]:
    unmapped, ambiguous = [], []
    for service in services:
        try:
            if not assigner.is_ignored(service) and assigner.services.find(service) is None:
                unmapped.append(service)
        except AmbiguousNameError as error:
            ambiguous.append(str(error))
    return unmapped, ambiguous


def _abbreviate(names: Sequence[str]) -> str:
    return "; ".join(names[:MAX_NAMES]) + (f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else "")
