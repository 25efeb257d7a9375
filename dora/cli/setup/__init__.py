"""The command `dora init`: what it proposes, what it asks, and the files that it writes."""
