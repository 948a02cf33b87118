"""How much of a run is done, and how long the rest takes."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import FrozenTrial

from builders import STUDY, definition
from driven import Bench
from volopt.definition.schema import Phase
from volopt.search.callbacks import Callback, Progress
from volopt.search.plan import PhasePlan
from volopt.search.run_clock import RunClock, duration
from volopt.studies.space import Params

WIDTH, EXTEND = definition().phases
GRID = PhasePlan("width", "grid", done=0, total=4, fits=8, seconds=80.0)
SEARCH = PhasePlan("extend", "tpe", done=1, total=3, fits=4, seconds=20.0)


class Time:
    """A clock that stands until it is moved."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def clock(*plans: PhasePlan, now: Time | None = None) -> RunClock:
    return RunClock(plans, lambda params: 10.0, workers=2, now=now or Time())


def test_at_first_the_time_left_is_that_of_the_plan() -> None:
    assert clock(GRID, SEARCH).seconds_left() == pytest.approx(50.0)


def test_a_machine_of_half_the_speed_takes_nearly_twice_the_rest_of_the_plan() -> None:
    now = Time()
    run = clock(PhasePlan("width", "grid", 0, 400, 800, 8000.0), now=now)
    for number in range(200):
        run.begin_trial(WIDTH, number, {}, 2)
        now.seconds += 20
        run.end_trial(number)
    assert run.share == 0.5
    assert 0.97 * 4000 < run.seconds_left() < 4000


def test_half_trained_fits_count_half() -> None:
    run = clock(GRID)
    run.begin_trial(WIDTH, 0, {}, 2)
    run.advance(Progress(0, epochs=50, finished=False, fits_left=1.5))
    assert (run.trained, run.epochs, run.share) == (0, 50, 5 / 80)
    run.advance(Progress(0, epochs=50, finished=True, fits_left=1.0))
    assert (run.trained, run.fits, run.epochs, run.share) == (1, 8, 100, 10 / 80)


def test_a_pruned_trial_has_done_its_part_of_the_plan_and_its_other_fits_are_expected_no_more() -> None:
    run = clock(SEARCH)
    run.begin_trial(EXTEND, 0, {}, 2)
    run.advance(Progress(0, epochs=100, finished=True, fits_left=1.0))
    run.end_trial(0)
    assert (run.trained, run.fits, run.share) == (1, 3, 0.5)


def test_a_trial_with_stored_fits_takes_as_much_of_the_plan_as_it_has_to_train() -> None:
    run = clock(PhasePlan("width", "grid", 0, 2, 3, 30.0))
    for number, fits in enumerate((1, 2)):
        run.begin_trial(WIDTH, number, {}, fits)
        run.end_trial(number)
        assert run.share == pytest.approx((10 / 30, 1.0)[number])


def test_the_end_of_a_phase_completes_its_part_though_its_trials_were_fewer() -> None:
    run = clock(GRID, SEARCH)
    run.end_phase(WIDTH)
    assert run.share == 0.8
    run.end_phase(EXTEND)
    assert (run.share, run.seconds_left()) == (1.0, 0.0)


def test_a_run_with_nothing_to_train_is_done() -> None:
    run = clock(PhasePlan("width", "grid", 4, 4, 0, 0.0))
    run.begin_trial(WIDTH, 0, {}, 0)
    run.end_trial(0)
    assert (run.share, run.seconds_left()) == (1.0, 0.0)


@given(st.lists(st.tuples(st.sampled_from(["begin", "advance", "end"]), st.integers(0, 5)), max_size=30))
def test_the_share_is_never_above_1_and_the_time_left_never_negative(events: list[tuple[str, int]]) -> None:
    now, run, running = Time(), clock(GRID, SEARCH), set()
    for event, number in events:
        now.seconds += 1
        if event == "begin":
            run.begin_trial(WIDTH, number, {}, 2)
            running.add(number)
        elif event == "advance" and number in running:
            run.advance(Progress(number, 1, False, 1.0))
        elif event == "end":
            run.end_trial(number)
            running.discard(number)
        assert 0 <= run.share <= 1
        assert run.seconds_left() >= 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "about 5 s"), (23, "about 25 s"), (200, "about 3 min"), (7190, "about 2.0 h"), (3600, "about 60 min")],
)
def test_a_duration_is_rounded(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class Counted(Callback):
    """Pass the events of a run on to a clock."""

    def __init__(self, clock: RunClock) -> None:
        self.clock = clock

    def on_trial_begin(self, phase: Phase, number: int, params: Params, fits: float) -> None:
        self.clock.begin_trial(phase, number, params, fits)

    def on_progress(self, progress: Progress) -> None:
        self.clock.advance(progress)

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        self.clock.end_trial(trial.number)


def test_a_real_run_trains_what_was_planned_and_a_longer_one_only_the_new_seed(tmp_path: Path) -> None:
    for seeds, fits in ((2, 14), (3, 7)):
        found, bench = definition(STUDY.replace("seeds = 2", f"seeds = {seeds}")), Bench(tmp_path)
        found = found.model_copy(update={"name": f"small{seeds}"})
        plans = [
            PhasePlan("width", "grid", 0, 4, 4 * fits // 7, 4.0 * fits / 7),
            PhasePlan("extend", "tpe", 0, 3, 3 * seeds, 3.0 * seeds),
        ]
        run = RunClock(plans, lambda params: 1.0, 1)
        driver = bench.drive(found, callbacks=[Counted(run)])
        assert (run.trained, run.fits, run.epochs) == (fits, fits, driver.epochs_trained)
        assert math.isclose(run.share, 1.0)
