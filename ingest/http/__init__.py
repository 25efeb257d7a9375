"""HTTP with total deadlines, retries, rate limits and TLS settings."""
