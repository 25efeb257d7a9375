"""How well canaries predict production."""
