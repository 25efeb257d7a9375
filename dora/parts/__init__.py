"""Build in parts: the store that parts are read from and written to."""
