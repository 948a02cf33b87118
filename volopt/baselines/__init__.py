"""Fit the baselines that trials are compared with."""
