"""Read a stored study: its definition, trials, files and progress."""
