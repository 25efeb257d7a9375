"""What each target served: the events of each target, replayed."""
