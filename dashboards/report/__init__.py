"""One self-contained page for mail or archive."""
