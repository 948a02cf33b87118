"""Optuna's samplers and pruners by the study file's names: no warning, fixed parameters stay, proposals repeat."""

from typing import get_args

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, WilcoxonPruner

from volopt.definition.schema import Phase
from volopt.search.samplers import PRUNERS, SAMPLERS, pruner, sampler, sampler_seed
from volopt.search.space import Params

SPACE = {
    "cell": CategoricalDistribution(["LSTM", "RNN"]),
    "hidden_size": CategoricalDistribution([3, 5]),
    "batch_norm": CategoricalDistribution([False, True]),
    "window": IntDistribution(2, 60),
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
}
FIXED: Params = {"hidden_size": 5, "batch_norm": False}


def propose(name: str, trials: int, study_seed: int = 0) -> list[Params]:
    """Return what a phase of one worker has proposed, each proposal by a sampler of its own."""
    study = optuna.create_study()
    for number in range(trials):
        study.sampler = sampler(name, sampler_seed(study_seed, "extend", number), FIXED)
        trial = study.ask(SPACE)
        study.tell(trial, trial.params["window"] + trial.params["learning_rate"])
    return [trial.params for trial in study.get_trials()]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_moves_what_is_free_keeps_what_is_fixed_and_repeats_itself(name: str) -> None:
    proposals = propose(name, 12)
    assert all(params.keys() == SPACE.keys() for params in proposals)
    assert all(params | FIXED == params for params in proposals)
    for key in SPACE.keys() - FIXED.keys():
        assert len({params[key] for params in proposals}) > 1
    assert propose(name, 12) == proposals


@pytest.mark.parametrize("name", SAMPLERS)
def test_another_seed_proposes_otherwise(name: str) -> None:
    assert propose(name, 3, study_seed=1) != propose(name, 3)


def test_every_sampler_and_pruner_of_the_study_file_is_known() -> None:
    fields = Phase.model_fields
    assert {"grid", *SAMPLERS} == set(get_args(fields["sampler"].annotation))
    assert set(PRUNERS) == set(get_args(fields["pruner"].annotation))


def test_a_proposals_seed_depends_on_study_phase_and_number_and_stays_for_good() -> None:
    assert sampler_seed(0, "extend", 3) == 606_172_797
    others = {sampler_seed(1, "extend", 3), sampler_seed(0, "extended", 3), sampler_seed(0, "extend", 4)}
    assert len(others | {sampler_seed(0, "extend", 3)}) == 4
    assert all(0 <= seed < 2**32 for seed in others)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("none", NopPruner), ("median", MedianPruner), ("hyperband", HyperbandPruner), ("wilcoxon", WilcoxonPruner)],
)
def test_a_pruner_by_name(name: str, kind: type) -> None:
    assert type(pruner(name, 10, 100)) is kind


def reporting(study: optuna.Study, *values: float) -> optuna.Trial:
    """Return a trial that has reported each value, one a rung of 10 epochs."""
    trial = study.ask()
    for rung, value in enumerate(values, start=1):
        trial.report(value, 10 * rung)
    return trial


def test_median_prunes_a_trial_worse_than_most_but_not_at_the_first_rung_nor_among_the_first_trials() -> None:
    study = optuna.create_study(pruner=pruner("median", 10, 100))
    for number in range(5):
        first = reporting(study, 9.0 + number, 9.0 + number)
        assert not first.should_prune()
        study.tell(first, 1.0)
    assert not reporting(study, 99.0).should_prune()
    assert reporting(study, 99.0, 99.0).should_prune()
    assert not reporting(study, 99.0, 0.5).should_prune()


def test_hyperband_counts_in_the_epochs_that_are_reported() -> None:
    study = optuna.create_study(study_name="hyperband", pruner=pruner("hyperband", 10, 100))
    pruned = 0
    for number in range(30):
        trial = reporting(study, *[float(number)] * 9)
        pruned += trial.should_prune()
        study.tell(trial, float(number))
    assert 0 < pruned < 30


def test_wilcoxon_prunes_a_trial_that_is_worse_seed_by_seed() -> None:
    study = optuna.create_study(pruner=pruner("wilcoxon", 10, 100))
    best = study.ask()
    for seed in range(8):
        best.report(1.0 + seed / 10, seed)
    study.tell(best, 1.35)
    worse = study.ask()
    for seed in range(8):
        worse.report(3.0 + seed / 7, seed)
    assert worse.should_prune()
