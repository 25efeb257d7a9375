"""Cached queries over a build, and the selection of a page."""
