"""Text, console tables and HTML pages."""
