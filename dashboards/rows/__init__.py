"""Query results as rows that tables and charts show."""
