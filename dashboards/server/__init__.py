"""Serving the dashboard: login, static files, warm-up."""
