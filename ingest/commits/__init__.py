"""What commit messages say."""
