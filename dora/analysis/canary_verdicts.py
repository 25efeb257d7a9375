"""What one canary says as a diagnostic test of its deployment, or why it is inconclusive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dora.query.lists import Row
from dora.statistics.diagnostic_test import Verdicts

CONCLUSIVE = ("pass", "marginal", "fail")
# Without an approval no user decided, but the deployment continued against the canary as after an override.
OVERRIDDEN = {"overridden", "continued without approval"}


def classify(row: Row) -> tuple[str | None, str]:
    """Return the field of ``Verdicts`` in which a canary counts; else null, and the reason why it is inconclusive."""
    if row["verdict"] not in CONCLUSIVE:
        return None, f"verdict {row['verdict']}"
    # Counted although its outcome is never known: the bounds of sensitivity and specificity need the number.
    if row["action_taken"] == "stopped":
        return "stopped", ""
    if row["action_taken"] not in OVERRIDDEN | {"promoted"}:
        return None, row["action_taken"]
    if row["outcome_unknown_reason"]:
        return None, row["outcome_unknown_reason"]
    action = "passed" if row["action_taken"] == "promoted" else "overridden"
    return f"{action}_{'bad' if row['deployment_failed'] else 'good'}", ""


def is_verified(row: Row) -> bool:
    """Whether the deployment continued and its outcome is known, so that it can be compared with the verdict."""
    return classify(row)[0] not in (None, "stopped")


def count_verdicts(rows: Iterable[Row]) -> tuple[Verdicts, dict[str, int]]:
    """Return the canaries by verdict and outcome, and the number of inconclusive ones by reason."""
    counts: Counter[str] = Counter()
    inconclusive: Counter[str] = Counter()
    for row in rows:
        field, reason = classify(row)
        if field:
            counts[field] += 1
        else:
            inconclusive[reason] += 1
    return Verdicts(**counts), dict(sorted(inconclusive.items()))
