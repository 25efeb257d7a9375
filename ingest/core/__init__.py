"""What every source shares: the protocol, the archive of payloads, rows and the pipeline into landing.duckdb."""
