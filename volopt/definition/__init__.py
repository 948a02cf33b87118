"""Read study files: schema, expressions, checks, and the changes that a stored study allows."""
