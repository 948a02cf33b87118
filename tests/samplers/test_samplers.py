"""Optuna's samplers by the study file's names: no warning, fixed parameters stay, proposals repeat."""

from typing import get_args

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from volopt.definition.schema import Phase
from volopt.samplers import REMOVED, SAMPLERS
from volopt.search.asking import fixed_sampler, sampler_seed
from volopt.studies.space import Params

SPACE = {
    "cell": CategoricalDistribution(["LSTM", "RNN"]),
    "hidden_size": CategoricalDistribution([3, 5]),
    "batch_norm": CategoricalDistribution([False, True]),
    "window": IntDistribution(2, 60),
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
}
PROPOSING = [name for name in SAMPLERS if name != "grid"]
FIXED: Params = {"hidden_size": 5, "batch_norm": False}


def propose(name: str, trials: int, study_seed: int = 0) -> list[Params]:
    """Return what a phase of one worker has proposed, each proposal by a sampler of its own."""
    study = optuna.create_study()
    for number in range(trials):
        study.sampler = fixed_sampler(name, sampler_seed(study_seed, "extend", number), FIXED)
        trial = study.ask(SPACE)
        study.tell(trial, trial.params["window"] + trial.params["learning_rate"])
    return [trial.params for trial in study.get_trials()]


@pytest.mark.parametrize("name", PROPOSING)
def test_a_sampler_moves_what_is_free_keeps_what_is_fixed_and_repeats_itself(name: str) -> None:
    proposals = propose(name, 12)
    assert all(params.keys() == SPACE.keys() for params in proposals)
    assert all(params | FIXED == params for params in proposals)
    for key in SPACE.keys() - FIXED.keys():
        assert len({params[key] for params in proposals}) > 1
    assert propose(name, 12) == proposals


@pytest.mark.parametrize("name", PROPOSING)
def test_another_seed_proposes_otherwise(name: str) -> None:
    assert propose(name, 3, study_seed=1) != propose(name, 3)


def test_nsgaii_crosses_its_best_points_after_20_trials() -> None:
    """A child has the values of its parents; only a mutated one is new."""
    rates = [params["learning_rate"] for params in propose("nsgaii", 40)]
    assert len(set(rates[:20])) == 20
    assert sum(rate in rates[:20] for rate in rates[20:]) >= 10


def test_every_sampler_of_the_study_file_is_known() -> None:
    assert set(SAMPLERS) == {"grid", "tpe", "gp", "random", "qmc", "nsgaii"}
    names = get_args(Phase.model_fields["sampler"].annotation)
    assert {*SAMPLERS, *REMOVED} == set(names)


def test_a_proposals_seed_depends_on_study_phase_and_number_and_stays_for_good() -> None:
    assert sampler_seed(0, "extend", 3) == 606_172_797
    others = {sampler_seed(1, "extend", 3), sampler_seed(0, "extended", 3), sampler_seed(0, "extend", 4)}
    assert len(others | {sampler_seed(0, "extend", 3)}) == 4
    assert all(0 <= seed < 2**32 for seed in others)
