"""Download a data set and unpack it."""
