"""Files for other tools: Parquet, CSV, Prometheus."""
