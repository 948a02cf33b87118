"""The command line: one file a command. Parse, call one plain function, print; heavy imports inside."""
