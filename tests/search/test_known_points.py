"""No point is trained twice: a phase takes the result of a point that the study has, and proposes another."""

from pathlib import Path

import pytest

from builders import STUDY, definition
from driven import Bench
from volopt.definition.schema import Definition
from volopt.samplers import SAMPLERS
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.listing import summary
from volopt.studies.space import Point, point

LEARNING = [name for name, sampler in SAMPLERS.items() if sampler.learns]


def small_space(sampler: str, trials: int, *lines: str, vary: str = '"cell", "window"') -> Definition:
    """Return a study whose second phase has ten points, of which its grid trains two."""
    extend = "\n".join([f'sampler = "{sampler}"', *lines])
    text = STUDY.replace('sampler = "random"', extend).replace('"window", "learning_rate"', vary)
    return definition(text.replace("trials = 3", f"trials = {trials}").replace("epochs = 4", "epochs = 1"))


def points(bench: Bench) -> list[Point]:
    return [point(trial.params) for trial in bench.study.trials]


@pytest.mark.parametrize("sampler", [*LEARNING, "random"])
def test_a_phase_trains_each_point_of_a_small_space_once_and_then_ends(bench: Bench, sampler: str) -> None:
    found = small_space(sampler, 40)
    driver = bench.drive(found)
    assert len(points(bench)) == len(set(points(bench))) == 4 + 8
    assert driver.exhausted == {"extend": 10}
    assert bench.drive(found).new_trials == 0


def test_what_was_known_is_stored_and_counts_the_same_in_a_resumed_study(tmp_path: Path) -> None:
    whole, parts = Bench(tmp_path / "whole"), Bench(tmp_path / "parts")
    for bench in (whole, parts):
        bench.directory.mkdir()
    found = small_space("tpe", 8, "batch = 2")
    whole.drive(found)
    for trials in (2, 4, 8):
        parts.drive(small_space("tpe", trials, "batch = 2"))
    known = [summary(*studies.find(connect(bench.url), "small"))["phases"][1]["known"] for bench in (whole, parts)]
    assert known[0] == known[1] > 0
    assert points(parts) == points(whole)


def test_a_phase_that_has_its_trials_before_its_points_are_used_up_is_not_exhausted(bench: Bench) -> None:
    driver = bench.drive(small_space("tpe", 8))
    assert driver.exhausted == {}
    assert len(set(points(bench))) == 4 + 8


def test_a_sampler_that_proposes_nothing_new_gets_a_point_at_random(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no attempt at all, each point of a space of real numbers comes from the draw."""
    monkeypatch.setattr("volopt.samplers._new_point.MAX_ATTEMPTS", 0)
    bench.drive(small_space("tpe", 5, vary='"window", "learning_rate"'))
    assert len(set(points(bench))) == 4 + 5


def test_the_points_of_a_generation_differ(bench: Bench) -> None:
    bench.drive(small_space("tpe", 8, "batch = 8"))
    assert len(set(points(bench))) == 4 + 8
