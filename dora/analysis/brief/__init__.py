"""The brief and its scorecard."""
