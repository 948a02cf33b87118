"""Asking for the trials of a phase, and counting them."""

from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from builders import STUDY, definition
from volopt.definition.schema import Definition, Phase
from volopt.search.asking import GridAsker, ProposalAsker, asker
from volopt.studies.attributes import INTERRUPTED, START
from volopt.studies.ledger import Ledger
from volopt.studies.listing import PhaseMembership
from volopt.studies.space import Params, fixed_params, point

BASE: Params = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}
DEPTH = '\n[[phase]]\nname = "depth"\nsampler = "grid"\ngrid = { hidden_size = [3, 5] }\n'


def with_extend(*lines: str, trials: int = 3) -> Definition:
    """Return the small definition with lines added to its phase "extend"."""
    return definition(STUDY.replace("trials = 3", "\n".join([f"trials = {trials}", *lines])))


class Driver:
    """Asks for trials and ends them as it is told; nothing is trained."""

    def __init__(self, found: Definition, phase: int = 1, study: optuna.Study | None = None) -> None:
        self.definition, self.phase = found, found.phases[phase]
        self.study = study or optuna.create_study()
        self.ledger = Ledger(found.training.retries)

    def asker(self, phase: Phase | None = None) -> Any:
        return asker(phase or self.phase, self.definition, self.study, self.ledger, lambda params: 1.0)

    def start(self, asking: Any) -> optuna.Trial | None:
        trials: list[optuna.Trial] = asking.ask()
        assert len(trials) <= 1
        return trials[0] if trials else None

    def complete(self, trial: optuna.Trial, value: float = 1.0) -> None:
        self.ledger.finish(self.phase.name, trial.params, complete=True)
        self.study.tell(trial, value)

    def fail(self, trial: optuna.Trial, reason: str) -> None:
        self.ledger.fail(self.phase.name, trial.params, reason)
        self.study.tell(trial, state=TrialState.FAIL)

    def finish(self, asking: Any) -> list[Params]:
        """Take every trial that is left and return their parameters."""
        taken = []
        while (trial := self.start(asking)) is not None:
            self.complete(trial)
            taken.append(trial.params)
        return taken


def test_each_kind_of_phase_has_its_asker() -> None:
    found = definition()
    assert isinstance(Driver(found, 0).asker()._own, GridAsker)
    assert isinstance(Driver(found, 1).asker()._own, ProposalAsker)


def test_a_grid_phase_takes_its_points_each_with_every_key_of_the_space() -> None:
    driver = Driver(definition(), 0)
    taken = driver.finish(driver.asker())
    assert sorted(map(point, taken)) == sorted(map(point, driver.phase.points(driver.definition)))
    assert {params["window"] for params in taken} == {4}
    assert driver.finish(driver.asker()) == []


def test_a_grid_phase_says_no_while_its_last_points_run() -> None:
    driver = Driver(definition(), 0)
    asking = driver.asker()
    running = [driver.start(asking) for _ in range(4)]
    assert None not in running
    assert driver.start(asking) is None
    assert running[0] is not None
    driver.fail(running[0], f"{INTERRUPTED}: killed")
    again = driver.start(asking)
    assert again is not None
    assert again.params == running[0].params


def test_a_proposal_phase_takes_its_total_of_trials_and_no_more() -> None:
    driver = Driver(definition())
    taken = driver.finish(driver.asker())
    assert len(taken) == 3
    assert all(params | {key: BASE[key] for key in ("cell", "hidden_size")} == params for params in taken)
    assert len({params["learning_rate"] for params in taken}) == 3
    assert driver.finish(driver.asker()) == []


def test_trials_that_run_count_against_the_total() -> None:
    driver = Driver(definition())
    asking = driver.asker()
    assert None not in [driver.start(asking) for _ in range(3)]
    assert driver.start(asking) is None


def test_a_raised_total_goes_on_where_the_phase_stood() -> None:
    driver = Driver(definition())
    short = driver.finish(driver.asker())
    driver.definition = with_extend(trials=5)
    driver.phase = driver.definition.phases[1]
    more = driver.finish(driver.asker())
    assert len(more) == 2
    through = Driver(with_extend(trials=5))
    assert through.finish(through.asker()) == short + more


def test_a_lost_point_is_taken_again_before_anything_new_and_counts_once() -> None:
    driver = Driver(definition())
    asking = driver.asker()
    lost = driver.start(asking)
    assert lost is not None
    driver.fail(lost, f"{INTERRUPTED}: killed")
    taken = driver.finish(asking)
    assert taken[0] == lost.params
    assert len(taken) == 3
    assert not driver.study.get_trials(states=(TrialState.WAITING,))


def test_a_point_that_keeps_failing_is_given_up_and_takes_a_proposals_place() -> None:
    driver = Driver(definition())
    asking = driver.asker()
    for _ in range(2):  # one retry
        trial = driver.start(asking)
        assert trial is not None
        driver.fail(trial, "nan")
    taken = driver.finish(asking)
    assert len(taken) == 2
    assert driver.study.trials[0].params == driver.study.trials[1].params
    assert driver.study.trials[0].params not in taken


def test_a_resumed_phase_proposes_what_an_undisturbed_one_would() -> None:
    driver, through = Driver(definition()), Driver(definition())
    first = driver.start(driver.asker())
    assert first is not None
    driver.complete(first)
    assert [first.params, *driver.finish(driver.asker())] == through.finish(through.asker())


def test_a_phase_that_starts_at_the_baseline_stays_there_and_fix_moves_it() -> None:
    found = with_extend("fix = { hidden_size = 5 }", 'start = "baseline"')
    assert fixed_params(found.phases[1], found, {}) == {"cell": "RNN", "hidden_size": 5}


def test_a_grids_own_keys_do_not_stay() -> None:
    found = definition()
    assert fixed_params(found.phases[0], found, {}) == {"window": 4, "learning_rate": 0.005}


def completed(study: optuna.Study, value: float, **params: Any) -> None:
    from volopt.studies.space import distributions

    study.add_trial(
        optuna.trial.create_trial(value=value, params=BASE | params, distributions=distributions(definition()))
    )


def test_a_phase_that_starts_at_the_best_trial_stays_at_its_values_for_good() -> None:
    found = with_extend('start = "best"')
    driver = Driver(found)
    completed(driver.study, 3.0, cell="RNN", hidden_size=3)
    completed(driver.study, 2.0, cell="LSTM", hidden_size=5, window=6)
    first = driver.start(driver.asker())
    assert first is not None
    driver.complete(first, 0.5)
    completed(driver.study, 0.1, cell="RNN", hidden_size=3)  # better, but the phase has begun
    taken = [first.params, *driver.finish(driver.asker())]
    assert {(params["cell"], params["hidden_size"]) for params in taken} == {("LSTM", 5)}
    assert driver.study.user_attrs[START + "extend"]["window"] == 6


def test_fix_comes_before_the_best_trial() -> None:
    driver = Driver(with_extend('start = "best"', "fix = { hidden_size = 3 }"))
    completed(driver.study, 2.0, cell="LSTM", hidden_size=5)
    trial = driver.start(driver.asker())
    assert trial is not None
    assert (trial.params["cell"], trial.params["hidden_size"]) == ("LSTM", 3)


def test_without_a_best_trial_a_phase_starts_at_the_baseline() -> None:
    driver = Driver(with_extend('start = "best"'))
    trial = driver.start(driver.asker())
    assert trial is not None
    assert (trial.params["cell"], trial.params["hidden_size"]) == ("RNN", 3)


@pytest.mark.parametrize(
    ("params", "asked_by", "phases"),
    [
        (BASE, "width", ["width", "depth"]),
        (BASE | {"cell": "LSTM"}, "width", ["width"]),
        (BASE, "extend", ["width", "extend", "depth"]),
        (BASE | {"window": 5}, "extend", ["extend"]),
        (BASE | {"window": 5}, None, []),
        ({}, None, []),
    ],
)
def test_a_trial_counts_in_every_grid_that_holds_it_and_where_it_was_asked(
    params: Params, asked_by: str | None, phases: list[str]
) -> None:
    assert PhaseMembership(definition(STUDY + DEPTH)).phases(params, asked_by) == phases


def test_a_point_of_two_grids_is_taken_once_and_done_in_both() -> None:
    found = definition(STUDY + DEPTH)
    driver = Driver(found, 0)
    driver.finish(driver.asker())
    assert [driver.ledger.progress(phase, found) for phase in found.phases] == [(4, 4), (0, 3), (2, 2)]
    assert driver.finish(driver.asker(found.phases[2])) == []


def test_done_are_complete_points_of_a_grid_and_complete_and_pruned_trials_else() -> None:
    found = definition()
    ledger = Ledger(0)
    for phase, params, complete in [
        ("width", BASE, True),
        ("width", BASE | {"cell": "LSTM"}, False),
        ("extend", BASE | {"window": 5}, True),
        ("extend", BASE | {"window": 6}, False),
    ]:
        ledger.start(phase, params)
        ledger.finish(phase, params, complete=complete)
    ledger.start("extend", BASE | {"window": 2})
    ledger.fail("extend", BASE | {"window": 2}, "nan")
    assert [ledger.progress(phase, found) for phase in found.phases] == [(1, 4), (2, 3)]
