"""Take each point of a grid exactly once, see ``_grid_points.GridPointSampler``."""

from volopt.samplers import Sampler

SAMPLER = Sampler("")
