"""A build for other tools: JSON documents, Parquet files and tables of PostgreSQL, each replaced as a whole."""
