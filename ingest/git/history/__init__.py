"""What git log says, as documents and as rows."""
