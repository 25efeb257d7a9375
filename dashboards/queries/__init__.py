"""What the pages ask of a build, cached, for the selection in the address."""
