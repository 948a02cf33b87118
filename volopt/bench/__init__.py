"""Measure the speed and memory of volopt on this machine, each beside a reference in the same run."""
