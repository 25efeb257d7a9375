"""All SQL of the build, one SELECT a file, and the catalog that reads their headers."""
