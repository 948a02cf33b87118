"""The commands: one file each, under the name that a user types."""
