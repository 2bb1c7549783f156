"""One module a version, oldest first by name."""
