"""Propose only points that the study does not have, so that no point is trained twice."""

from collections.abc import Callable, Mapping
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

MAX_ATTEMPTS = 10  # a Gaussian process takes seconds for each

Params = dict[str, Any]


class NewPointSampler(BaseSampler):
    """Ask a sampler again while it proposes points that the study has. One instance serves one ask.

    The sampler knows their results already, because their trials are in the study.

    Args:
        attempt: returns the sampler of an attempt, counted from 0.
        distributions: of all parameters.
        is_known: whether the study has a point.
        draw: returns a point at random that the study does not have, for the case that all attempts fail.
    """

    def __init__(
        self,
        attempt: Callable[[int], BaseSampler],
        distributions: Mapping[str, BaseDistribution],
        is_known: Callable[[Params], bool],
        draw: Callable[[Study, FrozenTrial], Params],
    ) -> None:
        self._attempt, self._distributions, self._is_known, self._draw = attempt, distributions, is_known, draw
        self.known = 0  # proposals of points that the study has

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the distributions of all parameters, because a point is known or not as a whole."""
        return dict(self._distributions)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> Params:
        """Return a point that the study does not have."""
        for attempt in range(MAX_ATTEMPTS):
            params = propose(self._attempt(attempt), study, trial, self._distributions)
            if not self._is_known(params):
                return params
            self.known += 1
        return self._draw(study, trial)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value of a parameter with one choice; Optuna asks for no other."""
        return self._attempt(0).sample_independent(study, trial, param_name, param_distribution)


def propose(
    sampler: BaseSampler, study: Study, trial: FrozenTrial, distributions: Mapping[str, BaseDistribution]
) -> Params:
    """Return the point that Optuna would give to a trial of this sampler."""
    sampler.before_trial(study, trial)
    space = sampler.infer_relative_search_space(study, trial)
    relative = sampler.sample_relative(study, trial, space)
    params = {}
    for name, distribution in distributions.items():
        if isinstance(distribution, CategoricalDistribution) and distribution.single():
            params[name] = distribution.choices[0]
        elif name in relative:
            params[name] = relative[name]
        else:
            params[name] = sampler.sample_independent(study, trial, name, distribution)
    return params
