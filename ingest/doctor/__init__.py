"""Checks of the set-up before a nightly run: sources, mirrors, lock, disk, age of the data."""
