"""Cross the best trials of each generation, and mutate them: the genetic algorithm NSGA-II (Deb et al. 2002)."""

from volopt.samplers import Sampler

SAMPLER = Sampler("optuna.samplers:NSGAIISampler", {"population_size": 20}, learns=True)
