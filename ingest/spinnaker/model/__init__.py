"""Spinnaker's documents as typed structures."""
