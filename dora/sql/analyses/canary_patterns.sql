-- One row is one way in which the metrics of deciding judgments came out, and how many canaries came out so. Metrics are
-- told in the order of their names, as parallel lists.
WITH measured AS (
  SELECT
    o.source,
    o.canary_id,
    min(o.config) AS config,
    min(o.verdict) AS verdict,
    min(o.score) AS score,
    min(o.pass_threshold) AS pass_threshold,
    list(m.metric ORDER BY m.metric, m.metric_id) AS metrics,
    list(coalesce(m.groups, '') ORDER BY m.metric, m.metric_id) AS groups,
    list(m.classification ORDER BY m.metric, m.metric_id) AS classifications,
    list(coalesce(m.critical, FALSE) ORDER BY m.metric, m.metric_id) AS critical
  FROM $canary_outcomes AS o
  INNER JOIN canary_metrics AS m ON o.source = m.source AND o.canary_id = m.canary_id
  WHERE
    m.decisive
    AND NOT coalesce(m.muted, FALSE)
    AND o.verdict IN ('pass', 'marginal', 'fail', 'no_data')
  GROUP BY o.source, o.canary_id
)
SELECT config, verdict, score, pass_threshold, metrics, groups, classifications, critical, count(*) AS canaries
FROM measured
GROUP BY ALL
ORDER BY ALL
