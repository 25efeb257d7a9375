"""What happens in the simulated organisation, and when."""
