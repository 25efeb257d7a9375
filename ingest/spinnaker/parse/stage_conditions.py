"""Whether a configured stage runs at all ("Conditional on expression" in Deck), as far as its configuration says.

Orca evaluates ``stageEnabled`` in each execution (OptionalStageSupport.java); a template of version 1 has ``when``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ingest.spinnaker.model.coerce import as_dict, as_text

_CONDITION = re.compile(
    r"""\s*(?:\$\{)?\s*(?P<negation>!?)\s*
    (?:(?P<literal>true|false)|templateVariables(?:\.(?P<name>\w+)|\[\s*['"](?P<key>[^'"]+)['"]\s*\]))
    \s*\}?\s*""",
    re.VERBOSE | re.IGNORECASE,
)


def evaluate_condition(stage_enabled: Any, when: Any, variables: Mapping[str, Any]) -> bool | None:
    """Return whether a stage runs in every execution (True), in none (False), or as each one decides (null).

    ``variables`` are the template's: a pipeline's own values over the defaults.
    """
    if when:
        return None
    expression = as_text(as_dict(stage_enabled).get("expression"))
    if expression is None:
        return True
    match = _CONDITION.fullmatch(expression)
    if match is None:
        return None
    value = match["literal"] or variables.get(match["name"] or match["key"])
    return None if value is None else (str(value).lower() == "true") != bool(match["negation"])
