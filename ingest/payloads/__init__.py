"""What was received: the archive, the last version of each document, and copies of it all."""
