"""One number: its scope, aggregates, estimate, coverage and groups."""
