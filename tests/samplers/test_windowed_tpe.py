"""TPE over a window: Optuna's own proposals in a short study, those of the window in a long one."""

import random
from collections.abc import Callable
from statistics import median

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from volopt.samplers._windowed_tpe import BEST_TRIALS, WindowedTPESampler, trials_seen
from volopt.studies.space import Params

SPACE = {
    "cell": CategoricalDistribution(["LSTM", "RNN"]),
    "window": IntDistribution(2, 60),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
}
SHORT = 60  # trials that these windows hold


def trials(count: int, seed: int = 0) -> list[FrozenTrial]:
    """Return finished trials, some of them PRUNED or FAIL, some with equal values."""
    generator = random.Random(seed)
    found = []
    for _ in range(count):
        params = {
            "cell": generator.choice(["LSTM", "RNN"]),
            "window": generator.randint(2, 60),
            "rate": 10 ** generator.uniform(-4, -1),
        }
        state = generator.choices([TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL], [8, 2, 1])[0]
        value = None if state == TrialState.FAIL else round(abs(float(params["window"]) - 20) + generator.random())
        reports = {10: 5.0 if value is None else float(value)}
        found.append(
            create_trial(state=state, value=value, params=params, distributions=SPACE, intermediate_values=reports)
        )
    return found


def study_of(found: list[FrozenTrial], direction: str = "minimize") -> optuna.Study:
    study = optuna.create_study(direction=direction)
    study.add_trials(found)
    return study


def propose(study: optuna.Study, sampler: BaseSampler, times: int = 3) -> list[Params]:
    """Return proposals that run at the same time."""
    study.sampler = sampler
    return [study.ask(SPACE).params for _ in range(times)]


@pytest.mark.parametrize("count", [0, 5, 40, SHORT])
def test_a_study_no_longer_than_the_window_is_proposed_what_optuna_proposes(count: int) -> None:
    found = [trial for trial in trials(100) if trial.state != TrialState.FAIL][:count]
    ours = propose(study_of(found), WindowedTPESampler(7, SHORT))
    assert ours == propose(study_of(found), TPESampler(seed=7))


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_longer_one_is_proposed_what_a_study_of_the_window_alone_is(direction: str) -> None:
    study = study_of(trials(400), direction)
    finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
    window = study_of(trials_seen(study, finished, SHORT), direction)
    assert len(window.trials) == SHORT
    ours = propose(study, WindowedTPESampler(7, SHORT))
    assert ours == propose(window, TPESampler(seed=7))
    assert ours != propose(study_of(trials(400), direction), TPESampler(seed=7))


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_window_holds_the_best_and_the_most_recent_by_number(direction: str) -> None:
    study = study_of(trials(400), direction)
    finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
    window = trials_seen(study, finished, SHORT)
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    ranked = sorted(complete, key=lambda trial: trial.value or 0.0, reverse=direction == "maximize")
    best = [trial.number for trial in ranked[:BEST_TRIALS]]
    others = [trial.number for trial in finished if trial.number not in best][BEST_TRIALS - SHORT :]
    assert [trial.number for trial in window] == sorted([*best, *others])


def test_the_density_of_good_points_is_that_of_the_whole_study() -> None:
    from optuna.samplers._tpe.sampler import _split_trials, default_gamma

    study = study_of(trials(400))
    finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
    window = trials_seen(study, finished, 300)
    good = [_split_trials(study, some, default_gamma(len(some)))[0] for some in (finished, window)]
    assert good[0] == good[1]


def test_it_keeps_proposing_good_points_in_a_study_much_longer_than_its_window() -> None:
    def late(sampler: Callable[[int], BaseSampler]) -> float:
        """The median of the last trials of a study."""
        study = optuna.create_study()
        for number in range(300):
            study.sampler = sampler(number)
            trial = study.ask(SPACE)
            study.tell(trial, (trial.params["window"] - 20) ** 2 / 100 + trial.params["rate"])
        return median(trial.values[0] for trial in study.trials[200:])

    assert late(lambda number: WindowedTPESampler(number, 100)) < 0.1 * late(lambda number: RandomSampler(seed=number))
