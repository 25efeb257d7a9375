"""The two database files: landing.duckdb and dora.duckdb; open, lock, load and publish them."""
