"""A double of Gate that serves a simulated organisation over HTTP."""
