"""What a stage does to production: rollouts, traffic, strategies, Istio."""
