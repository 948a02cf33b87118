"""The command line: one file a command. Parse, call one plain function, print; heavy imports inside."""

INTERRUPTED = 130  # exit code, beside those of ``VoloptError``
