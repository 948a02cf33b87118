"""Exit codes that are no error's own."""

UNEXPECTED = 3
INTERRUPTED = 130
