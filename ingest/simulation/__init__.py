"""A small organisation that never was, with known truth, and a double of Gate that serves it over HTTP."""
