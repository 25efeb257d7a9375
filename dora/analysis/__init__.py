"""Questions that need more than one metric: audit, canaries, rollbacks, comparisons, trend alerts."""
