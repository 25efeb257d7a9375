-- Whether any observation of a metric has a bound.
SELECT coalesce(bool_or(earliest IS NOT NULL), FALSE) FROM metrics."$metric"
