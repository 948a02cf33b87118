"""Spread values evenly over their ranges: quasi-Monte Carlo."""

from volopt.samplers import Sampler

SAMPLER = Sampler("optuna.samplers:QMCSampler", {"warn_independent_sampling": False}, min_ranges=1)
