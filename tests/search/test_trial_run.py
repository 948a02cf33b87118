"""A trial on its way, with curves and fits made by hand: what it trains next, what it reports, what it is worth."""

from dataclasses import replace
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, lists

from builders import definition
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.training.task import Curves, Fit, State, tasks

TASK = replace(tasks(definition(), {}, "cpu", "highest")[0], epochs=20)  # a rung is 2 epochs


def curves(*valid: float, every: int = 1) -> Curves:
    """Return curves with these validation losses; recorded ``every`` so many epochs, where log R² is minus the loss."""
    epochs = list(range(every, len(valid) + 1, every))
    return Curves(
        train_mse=list(valid),
        valid_mse=list(valid),
        record_epoch=epochs,
        gradient_norm=[[1.0] for _ in epochs],
        valid_log_mse=[valid[epoch - 1] / 2 for epoch in epochs],
        valid_log_r2=[-valid[epoch - 1] for epoch in epochs],
    )


def fit(found: Curves, seed: int = 0) -> Fit:
    epochs = len(found.valid_mse)
    return Fit(
        arrays=found.to_arrays() | {"forecast.valid": np.zeros(2)},
        seed=seed,
        epochs=epochs,
        best_epoch=epochs,
        metrics={},
    )


def state(found: Curves) -> State:
    return State(arrays=found.to_arrays(), epoch=len(found.valid_mse))


def run(pruner: str = "none", seeds: int = 3, *, by_seed: bool = False, **task: Any) -> TrialRun:
    """Return a trial whose seeds have not begun."""
    members = [SeedRun(replace(TASK, seed=seed, **task), f"key {seed}") for seed in range(seeds)]
    phase = definition().phases[1].model_copy(update={"pruner": pruner})
    trial = optuna.create_study().ask()
    return TrialRun(trial, phase, {}, members, by_seed=by_seed)


def seeds(members: list[SeedRun]) -> list[int]:
    return [member.task.seed for member in members]


def start(found: TrialRun) -> list[int]:
    """Let everything train that is ready, and return its seeds."""
    ready = found.ready()
    for member in ready:
        member.busy = True
    return seeds(ready)


def advance(found: TrialRun, seed: int, *valid: float) -> None:
    """Receive all that a seed has trained so far; it is finished when the last epoch is reached."""
    member = found.seeds[seed]
    member.receive(fit(curves(*valid)) if len(valid) == member.task.epochs else state(curves(*valid)))


def test_a_member_goes_from_rung_to_rung_and_no_further_than_its_epochs() -> None:
    member = SeedRun(replace(TASK, epochs=25), "key")
    untils = []
    for epochs in (0, 2, 3, 24):
        member.receive(state(curves(*[1.0] * epochs)))
        untils.append(member.next_rung())
    assert untils == [2, 4, 4, 25]


def test_a_member_that_took_a_fit_has_its_curves_and_no_state() -> None:
    member = SeedRun(TASK, "key")
    member.receive(state(curves(3.0, 2.0)))
    assert (member.epoch, member.state is None, member.fit) == (2, False, None)
    member.receive(fit(curves(3.0, 2.0, 1.0)))
    assert (member.epoch, member.state, member.value(3)) == (3, None, 1.0)


def test_a_member_that_ended_early_has_reached_every_epoch_with_its_last_value() -> None:
    member = SeedRun(replace(TASK, early_stopping=1), "key")
    assert not member.reached(1)
    member.receive(state(curves(3.0, 1.0)))
    assert member.reached(2)
    assert not member.reached(3)
    member.receive(fit(curves(3.0, 1.0, 2.0)))
    assert member.reached(20)
    assert member.value(20) == 1.0


def test_without_a_pruner_each_seed_runs_on_by_itself() -> None:
    found = run("none")
    assert start(found) == [0, 1, 2]
    assert start(found) == []
    advance(found, 1, 1.0, 1.0)
    assert start(found) == [1]
    advance(found, 0, 1.0, 1.0)
    advance(found, 1, *[1.0] * 20)
    assert start(found) == [0]


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_where_trials_are_compared_at_rungs_all_seeds_advance_together(pruner: str) -> None:
    found = run(pruner)
    assert start(found) == [0, 1, 2]
    advance(found, 0, 1.0, 1.0)
    advance(found, 2, 1.0, 1.0)
    assert start(found) == []
    advance(found, 1, 1.0, 1.0)
    assert start(found) == [0, 1, 2]


def test_a_seed_that_stands_behind_catches_up_first() -> None:
    found = run("median")
    advance(found, 0, *[1.0] * 4)
    advance(found, 1, *[1.0] * 2)
    advance(found, 2, *[1.0] * 2)
    assert start(found) == [1, 2]


def test_seeds_that_are_finished_do_not_hold_the_others() -> None:
    found = run("median")
    found.seeds[1].finish(fit(curves(*[1.0] * 20)))
    assert start(found) == [0, 2]


@pytest.mark.parametrize(("pruner", "by_seed"), [("wilcoxon", True), ("halving", False)])
def test_where_seeds_are_looked_at_one_by_one_they_follow_each_other(pruner: str, by_seed: bool) -> None:
    found = run(pruner, by_seed=by_seed)
    assert start(found) == [0]
    assert start(found) == []
    advance(found, 0, 1.0, 1.0)
    assert start(found) == [0]
    advance(found, 0, *[1.0] * 20)
    assert start(found) == [1]


def test_a_rung_is_reported_once_all_seeds_reached_it_as_their_mean() -> None:
    found = run("median")
    assert found.reports() == []
    advance(found, 0, 9.0, 1.0)
    advance(found, 1, 9.0, 2.0)
    assert found.reports() == []
    advance(found, 2, 9.0, 6.0)
    assert found.reports() == [(2, 3.0)]
    assert found.reports() == []


def test_rungs_that_are_reached_at_once_are_all_reported_in_order() -> None:
    found = run("none", seeds=2)
    advance(found, 0, *[4.0] * 6)
    advance(found, 1, 9.0, 2.0, 9.0, 0.0)
    assert found.reports() == [(2, 3.0), (4, 2.0)]
    advance(found, 1, *[2.0] * 6)
    assert found.reports() == [(6, 3.0)]


def test_kept_fits_report_every_rung_as_far_as_the_others_are() -> None:
    found = run("median", seeds=2)
    found.seeds[0].finish(fit(curves(*[1.0] * 20)))
    assert found.reports() == []
    advance(found, 1, 3.0, 3.0)
    assert found.reports() == [(2, 2.0)]
    found.seeds[1].finish(fit(curves(*[5.0] * 20)))
    assert found.reports() == [(epoch, 3.0) for epoch in range(4, 21, 2)]
    assert found.finished
    assert found.value() == 3.0


def test_epochs_past_the_last_whole_rung_are_in_the_value_alone() -> None:
    found = run("none", seeds=1, epochs=25)
    advance(found, 0, *[1.0] * 24, 0.5)
    assert [step for step, _ in found.reports()] == list(range(2, 25, 2))
    assert found.value() == 0.5


def test_a_trial_is_finished_when_every_seed_is_and_is_worth_their_mean() -> None:
    found = run("none", seeds=2)
    advance(found, 0, *[9.0] * 19, 1.0)
    assert not found.finished
    advance(found, 1, *[9.0] * 19, 2.0)
    assert found.finished
    assert found.ready() == []
    assert found.value() == 1.5


def test_with_early_stopping_each_seed_counts_with_its_best_epoch_so_far() -> None:
    found = run("median", seeds=2, early_stopping=3)
    advance(found, 0, 4.0, 6.0)
    advance(found, 1, 8.0, 2.0)
    assert found.reports() == [(2, 3.0)]
    found.seeds[0].receive(fit(curves(4.0, 6.0, 6.0, 6.0)))
    advance(found, 1, 8.0, 2.0, 3.0, 1.0)
    assert found.reports() == [(4, 2.5)]


def test_seeds_that_stop_at_different_epochs_are_reported_until_the_last_one_stops() -> None:
    found = run("median", seeds=2, early_stopping=2)
    found.seeds[0].receive(fit(curves(4.0, 5.0, 5.0)))
    found.seeds[1].receive(fit(curves(9.0, 8.0, 7.0, 6.0, 2.0, 3.0, 3.0)))
    assert found.reports() == [(2, 6.0), (4, 5.0), (6, 3.0)]
    assert found.finished
    assert found.value() == 3.0


def test_a_seed_that_stopped_early_does_not_hold_the_others_back() -> None:
    found = run("median", seeds=2, early_stopping=2)
    found.seeds[0].receive(fit(curves(4.0, 5.0, 5.0)))
    advance(found, 1, 9.0, 8.0, 7.0, 6.0)
    assert start(found) == [1]
    assert found.seeds[1].next_rung() == 6


def test_where_seeds_are_compared_each_is_reported_as_it_ends_in_order() -> None:
    found = run("wilcoxon", by_seed=True)
    advance(found, 0, *[9.0] * 4)
    assert found.reports() == []
    found.seeds[1].finish(fit(curves(*[2.0] * 20)))
    assert found.reports() == []
    advance(found, 0, *[9.0] * 19, 1.0)
    assert found.reports() == [(0, 1.0), (1, 2.0)]
    assert start(found) == [2]
    advance(found, 2, *[3.0] * 20)
    assert found.reports() == [(2, 3.0)]
    assert found.value() == 2.0


def test_with_halving_the_rungs_of_the_first_seed_are_reported_then_the_mean_of_those_that_ended() -> None:
    found = run("halving", seeds=3, epochs=8)  # a rung is 1 epoch
    advance(found, 0, 9.0, 6.0)
    assert found.reports() == [(1, 9.0), (2, 6.0)]
    advance(found, 0, *[3.0] * 8)
    assert found.reports() == [(epoch, 3.0) for epoch in range(3, 9)]
    advance(found, 1, *[5.0] * 7)
    assert found.reports() == []
    advance(found, 1, *[5.0] * 8)
    assert found.reports() == [(16, 4.0)]
    advance(found, 2, *[10.0] * 8)
    assert found.reports() == [(24, 6.0)]
    assert found.value() == 6.0


def test_with_halving_a_first_seed_that_stopped_early_has_reached_every_rung() -> None:
    found = run("halving", seeds=2, early_stopping=2)
    found.seeds[0].receive(fit(curves(4.0, 5.0, 5.0)))
    assert found.reports() == [(epoch, 4.0) for epoch in range(2, 21, 2)]
    assert start(found) == [1]


@given(lengths=lists(integers(0, 20), min_size=1, max_size=4), early=booleans())
def test_with_halving_steps_grow_whichever_fits_and_states_were_kept(lengths: list[int], early: bool) -> None:
    found = run("halving", seeds=len(lengths), early_stopping=3 if early else None)
    steps = []
    for seed, length in enumerate(lengths):
        if length:
            advance(found, seed, *[1.0] * length)
            steps += [step for step, _ in found.reports()]
    for member in found.seeds:
        member.receive(fit(curves(*[1.0] * 20)))
        steps += [step for step, _ in found.reports()]
    assert steps == [*range(2, 21, 2), *(20 * count for count in range(2, len(lengths) + 1))]


def test_a_phase_without_a_pruner_reports_by_seed_where_another_phase_compares_seeds() -> None:
    found = run("none", seeds=2, by_seed=True)
    assert start(found) == [0, 1]
    advance(found, 1, *[2.0] * 20)
    assert found.reports() == []
    advance(found, 0, *[1.0] * 20)
    assert found.reports() == [(0, 1.0), (1, 2.0)]


def test_the_objectives_metric_is_the_one_reported() -> None:
    found = run("median", seeds=1, metric="valid_log_r2")
    found.seeds[0].receive(fit(curves(*[float(epoch) for epoch in range(20, 0, -1)], every=2)))
    assert found.reports()[:2] == [(2, -19.0), (4, -17.0)]
    assert found.value() == -1.0


@pytest.mark.parametrize("pruner", ["race", "topk"])
def test_blocks_report_the_rungs_of_the_first_fit_then_the_value_of_each(pruner: str) -> None:
    found = run(pruner, seeds=3, epochs=25)  # a rung is 2 epochs
    assert start(found) == [0]
    advance(found, 0, *[4.0] * 12)
    assert found.reports() == [(epoch, 4.0) for epoch in range(2, 13, 2)]
    advance(found, 0, *[4.0] * 24, 3.0)
    assert found.reports() == [*((epoch, 4.0) for epoch in range(14, 25, 2)), (25, 3.0)]
    assert start(found) == [1]
    advance(found, 1, *[2.0] * 25)
    assert found.reports() == [(50, 2.0)]
    assert start(found) == [2]
    advance(found, 2, *[1.0] * 25)
    assert found.reports() == [(75, 1.0)]
    assert found.finished
    assert found.value() == 2.0
