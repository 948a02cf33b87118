"""Propose values by a Gaussian process that is fitted to all trials."""

from volopt.samplers import Sampler

SAMPLER = Sampler("optuna.samplers:GPSampler", learns=True, is_slow=True)
