"""Optuna's pruners by the study file's names, each watching its own phase."""

from typing import get_args

import optuna
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, lists
from optuna.pruners import BasePruner

from volopt.definition.schema import Phase
from volopt.pruners import PRUNERS
from volopt.search.phase_view import phase_pruner
from volopt.studies.attributes import PHASE, PROPOSAL


def test_every_pruner_of_the_study_file_is_known() -> None:
    assert set(PRUNERS) == {"none", "median", "hyperband", "halving", "wilcoxon", "race", "topk"}
    assert set(get_args(Phase.model_fields["pruner"].annotation)) == set(PRUNERS)


def pruner(name: str, rung: int, epochs: int, phase: str) -> BasePruner:
    entry = Phase(name=phase, sampler="random", vary=("cell",), trials=9, pruner=name)
    return phase_pruner(entry, rung, epochs)


def begin(study: optuna.Study, phase: str = "extend") -> optuna.Trial:
    """Return a running trial of a phase, asked for by itself."""
    trial = study.ask()
    trial.set_user_attr(PHASE, phase)
    study._storage.set_trial_system_attr(trial._trial_id, PROPOSAL, {"generation": trial.number + 1})
    return trial


def reporting(study: optuna.Study, *values: float, phase: str = "extend") -> optuna.Trial:
    """Return a trial that has reported each value, one a rung of 10 epochs."""
    trial = begin(study, phase)
    for rung, value in enumerate(values, start=1):
        trial.report(value, 10 * rung)
    return trial


def test_median_prunes_a_trial_worse_than_most_but_not_at_the_first_rung_nor_among_the_first_trials() -> None:
    study = optuna.create_study(pruner=pruner("median", 10, 100, "extend"))
    for number in range(5):
        first = reporting(study, 9.0 + number, 9.0 + number)
        assert not first.should_prune()
        study.tell(first, 1.0)
    assert not reporting(study, 99.0).should_prune()
    assert reporting(study, 99.0, 99.0).should_prune()
    assert not reporting(study, 99.0, 0.5).should_prune()


def test_hyperband_counts_in_the_epochs_that_are_reported() -> None:
    study = optuna.create_study(study_name="hyperband", pruner=pruner("hyperband", 10, 100, "extend"))
    pruned = 0
    for number in range(30):
        trial = reporting(study, *[float(number)] * 9)
        pruned += trial.should_prune()
        study.tell(trial, float(number))
    assert 0 < pruned < 30


def test_halving_goes_on_with_the_better_half_at_the_second_rung_and_at_the_end_of_the_first_seed() -> None:
    study = optuna.create_study(direction="maximize", pruner=pruner("halving", 10, 100, "extend"))
    assert ends(study, [5.0, 4.0, 6.0, 5.5, 4.5]) == [None, 20, None, 100, 20]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@given(values=lists(floats(-10, 10), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_halving_never_ends_the_best_trial_so_far_and_looks_both_ways(direction: str, values: list[float]) -> None:
    study = optuna.create_study(direction=direction, pruner=pruner("halving", 10, 100, "extend"))
    better = max if direction == "maximize" else min
    found = ends(study, values)
    assert all(end is None for number, end in enumerate(found) if values[number] == better(values[: number + 1]))
    other = optuna.create_study(direction=direction, pruner=pruner("halving", 10, 100, "extend"))
    assert all(end in (20, 100, 200, None) for end in found)
    assert ends(other, [2 * value for value in values]) == found


def test_halving_compares_the_means_of_seeds_too() -> None:
    study = optuna.create_study(direction="maximize", pruner=pruner("halving", 10, 100, "extend"))
    for value in (5.0, 6.0):
        study.tell(reporting(study, *[value] * 10), value)
        better = reporting(study, *[7.0] * 10)
        assert not pruned_at(better, 7.0, 200)
        study.tell(better, 7.0)
    assert pruned_at(reporting(study, *[9.0] * 10), 6.5, 200)


def ends(study: optuna.Study, values: list[float]) -> list[int | None]:
    """Return the step at which a trial of each value, always the same, is pruned, of three seeds of 100 epochs."""
    found = []
    for value in values:
        trial = begin(study)
        steps = [*range(10, 101, 10), 200]
        found.append(next((step for step in steps if pruned_at(trial, value, step)), None))
        study.tell(trial, value)
    return found


def pruned_at(trial: optuna.Trial, value: float, step: int) -> bool:
    """Report a value, and return whether the trial should end there."""
    trial.report(value, step)
    return trial.should_prune()


def test_wilcoxon_prunes_a_trial_that_is_worse_seed_by_seed() -> None:
    study = optuna.create_study(pruner=pruner("wilcoxon", 10, 100, "extend"))
    best = begin(study)
    for seed in range(8):
        best.report(1.0 + seed / 10, seed)
    study.tell(best, 1.35)
    worse = begin(study)
    for seed in range(8):
        worse.report(3.0 + seed / 7, seed)
    assert worse.should_prune()


def test_without_a_pruner_nothing_is_pruned() -> None:
    study = optuna.create_study(pruner=pruner("none", 10, 100, "extend"))
    for number in range(8):
        study.tell(reporting(study, 1.0, 1.0), float(number))
    assert not reporting(study, 99.0, 99.0, 99.0).should_prune()


@pytest.mark.parametrize(("name", "rungs"), [("median", 9), ("hyperband", 9), ("halving", 2)])
def test_the_better_trials_of_another_phase_prune_nothing(name: str, rungs: int) -> None:
    study = optuna.create_study(study_name="s", pruner=pruner("none", 10, 100, "width"))
    for _ in range(8):
        study.tell(reporting(study, *[1.0] * 10, phase="width"), 1.0)
    study.pruner = pruner(name, 10, 100, "extend")
    assert not reporting(study, *[99.0] * rungs).should_prune()


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_wilcoxon_compares_with_the_best_trial_of_the_phase(direction: str) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    study = optuna.create_study(direction=direction, pruner=pruner("wilcoxon", 10, 100, "extend"))
    for phase, level in (("width", 0.0), ("extend", 5.0), ("extend", 9.0)):
        trial = begin(study, phase)
        for seed in range(8):
            trial.report(sign * (level + seed / 10), seed)
        study.tell(trial, sign * (level + 0.35))
    trials = []
    for level in (5.0, 7.0):
        trial = begin(study)
        for seed in range(8):
            trial.report(sign * (level + seed / 10 + 0.05 * (-1) ** seed), seed)
        trials.append(trial.should_prune())
    assert trials == [False, True]


def test_the_first_trials_of_a_phase_have_nothing_to_be_compared_with() -> None:
    study = optuna.create_study(pruner=pruner("wilcoxon", 10, 100, "extend"))
    study.tell(begin(study, "width"), 1.0)
    first = begin(study)
    first.report(99.0, 0)
    assert not first.should_prune()


def test_a_pruner_that_has_looked_before_says_what_one_says_that_looks_for_the_first_time() -> None:
    study = optuna.create_study()
    lasting, running = pruner("median", 10, 100, "extend"), list[optuna.Trial]()
    said = []
    for number in range(40):
        values = [float(7 * number % 11), float(5 * number % 13)]
        running.append(reporting(study, *values, phase="width" if number % 5 == 4 else "extend"))
        for trial in running:
            latest = trial._get_latest_trial()
            said.append(lasting.prune(study, latest))
            assert said[-1] == pruner("median", 10, 100, "extend").prune(study, latest)
        if len(running) > 3:  # they finish in another order than they began in
            study.tell(running.pop(2), 1.0)
    assert {*said} == {True, False}


def complete(study: optuna.Study, reports: dict[int, float], value: float) -> None:
    """Add a COMPLETE trial with its reports."""
    trial = begin(study)
    for step, reported in reports.items():
        trial.report(reported, step)
    study.tell(trial, value)


def raced(direction: str, *changes: float) -> optuna.Study:
    """Return a study of COMPLETE trials of two blocks of 100 epochs, worth 1.0 or worse after these changes."""
    sign = 1.0 if direction == "maximize" else -1.0
    study = optuna.create_study(direction=direction, pruner=pruner("race", 10, 100, "extend"))
    for number, change in enumerate(changes):
        value = 1.0 - number / 10
        first = value - change
        complete(study, {10: sign * first, 100: sign * first, 200: sign * (2 * value - first)}, sign * value)
    return study


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_race_ends_a_trial_that_is_behind_by_more_than_trials_change(direction: str) -> None:
    sign = 1.0 if direction == "maximize" else -1.0
    study = raced(direction, 0.10, 0.12, 0.08, 0.10, 0.11)
    for step in (10, 100):
        for value, ends in ((0.91, False), (0.88, False), (0.7, True)):  # they rise by 0.1 on average, to 1.0 at best
            assert pruned_at(begin(study), sign * value, step) == ends


def test_race_lets_a_trial_go_on_where_early_looks_say_nothing() -> None:
    study = raced("maximize", 0.5, -0.5, 0.4, -0.6, 0.0)
    assert not pruned_at(begin(study), 0.5, 10)


def test_race_compares_the_mean_of_the_blocks_so_far() -> None:
    study = raced("maximize", 0.10, 0.12, 0.08, 0.10, 0.11)
    behind, level = begin(study), begin(study)
    for trial, first, second in ((behind, 0.95, 0.7), (level, 0.7, 1.3)):
        trial.report(first, 100)
        trial.report(second, 200)
    assert behind.should_prune()
    assert not level.should_prune()


def test_race_ends_nothing_before_four_trials_are_complete() -> None:
    study = raced("maximize", 0.1, 0.1, 0.1)
    assert not pruned_at(begin(study), -9.0, 100)
    complete(study, {10: 0.5, 100: 0.5, 200: 0.7}, 0.6)
    assert pruned_at(begin(study), -9.0, 100)


@given(values=lists(floats(-10, 10), min_size=8, max_size=8))
@settings(max_examples=25, deadline=None)
def test_race_never_ends_a_trial_that_is_ahead_of_all_where_all_change_alike(values: list[float]) -> None:
    study = optuna.create_study(direction="maximize", pruner=pruner("race", 10, 100, "extend"))
    for value in values:
        complete(study, {100: value, 200: value}, value)
    assert not pruned_at(begin(study), max(values) + 1, 100)


def test_topk_goes_on_with_a_trial_among_the_best_five_at_the_first_rung_only() -> None:
    study = optuna.create_study(pruner=pruner("topk", 10, 100, "extend"))
    found = ends(study, [5.0, 4.0, 6.0, 7.0, 8.0, 9.0, 4.5, 7.5, 3.0])
    assert found == [None, None, None, None, None, 10, None, 10, None]


def test_topk_counts_the_trials_that_it_ended() -> None:
    study = optuna.create_study(pruner=pruner("topk", 10, 100, "extend"))
    assert ends(study, [1.0] * 5 + [2.0] * 5 + [1.5]) == [None] * 5 + [10] * 6
