"""Draw each value at random."""

from volopt.samplers import Sampler

SAMPLER = Sampler("optuna.samplers:RandomSampler")
