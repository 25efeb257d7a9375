"""The simulated organisation as Spinnaker's JSON."""
