"""Propose values near those of the best trials: tree-structured Parzen estimator (Bergstra et al. 2011)."""

from volopt.samplers import Sampler

SAMPLER = Sampler("volopt.samplers._windowed_tpe:WindowedTPESampler", learns=True)
