"""From landing.duckdb to dora.duckdb: models, metrics, checks."""
