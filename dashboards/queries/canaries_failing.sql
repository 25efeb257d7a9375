-- One row is one canary in which this metric failed, in the judgment that decides the verdict.
SELECT DISTINCT source, canary_id
FROM canary_metrics
WHERE metric = ? AND decisive AND failed
