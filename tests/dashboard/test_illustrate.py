"""What a run leaves in the dashboard: pictures within a budget, notes always."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna_dashboard import get_note

from hand_made import Shelf, World, content
from volopt.dashboard import illustrate
from volopt.dashboard.illustrate import FIRST_SECONDS, MAX_SHARE, RESERVE, Illustrations, PictureBudget, What
from volopt.definition.schema import Definition
from volopt.errors import StorageError
from volopt.figures.study_view import StudyView
from volopt.storage.artifacts import PICTURE
from volopt.storage.database.address import Address
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE
from volopt.studies.trial_file import TrialFile


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def draw(budget: PictureBudget, clock: Clock, seconds: float, what: What = "trial") -> None:
    with budget.drawing(what):
        clock.now += seconds


def test_a_budget_allows_pictures_while_they_take_less_than_their_share(clock: Clock) -> None:
    budget = PictureBudget("budget", clock)
    assert not budget.allows("trial")  # a run of a second has no time for pictures
    clock.now = FIRST_SECONDS["trial"] / MAX_SHARE
    assert budget.allows("trial")
    draw(budget, clock, 1.0)
    assert not budget.allows("trial")
    clock.now = 2.01 / MAX_SHARE
    assert budget.allows("trial")
    assert budget.spent == 1.0


def test_the_next_picture_is_expected_to_take_what_the_quickest_took(clock: Clock) -> None:
    budget = PictureBudget("budget", clock)
    for seconds in (0.9, 0.2, 0.4):  # the first one imports
        draw(budget, clock, seconds)
    clock.now = 1.71 / MAX_SHARE
    assert budget.allows("trial")
    assert not budget.allows("study")


def test_part_of_a_budget_is_kept_for_the_best(clock: Clock) -> None:
    budget = PictureBudget("budget", clock)
    draw(budget, clock, 1.0)
    clock.now = 2.01 / MAX_SHARE
    assert budget.allows("trial")
    assert not budget.allows("trial", reserve=RESERVE)
    clock.now = 2.01 / MAX_SHARE / (1 - RESERVE)
    assert budget.allows("trial", reserve=RESERVE)


@pytest.mark.parametrize(("pictures", "allowed"), [("all", True), ("none", False)])
def test_all_and_none_ask_no_clock(pictures: Any, allowed: bool, clock: Clock) -> None:
    budget = PictureBudget(pictures, clock)
    draw(budget, clock, 1000.0)
    assert budget.allows("study") == budget.allows("trial", reserve=RESERVE) == allowed


def test_whatever_is_drawn_under_a_budget_stays_within_its_share_of_the_time(clock: Clock) -> None:
    budget = PictureBudget("budget", clock)
    for number in range(5000):
        clock.now += 0.01 * (1 + number % 7)
        if budget.allows("trial", reserve=RESERVE if number % 3 else 0.0):
            draw(budget, clock, 0.1)
    assert 0.9 * MAX_SHARE < budget.spent / clock.now <= MAX_SHARE


class Desk:
    """A stored study with a RUNNING trial, and who illustrates it."""

    def __init__(self, directory: Path, pictures: Any = "all", clock: Clock | None = None) -> None:
        self.shelf = Shelf(directory)
        self.definition: Definition = self.shelf.study("grid")
        self.study, _ = studies.find(self.shelf.storage, "grid")
        self.budget = PictureBudget(pictures, clock or Clock())
        self.illustrations = self.resume()
        written = content(World(seeds=3).trial(cell="RNN", hidden_size=25)) | {"metrics": {"valid_mse": 0.01}}
        self.file = TrialFile.model_validate(written)

    def resume(self) -> Illustrations:
        illustrations = Illustrations(self.definition, self.budget)
        illustrations.on_run_begin(self.study, self.shelf.artifacts, [])
        return illustrations

    def trial(self, value: float | None = 0.01) -> optuna.Trial:
        trial = self.study.ask(self.space)
        trial.set_user_attr(PHASE, "width")
        self.illustrations.on_trial_result(trial, self.file, value)
        return trial

    @property
    def space(self) -> Any:
        from volopt.studies.space import distributions

        return distributions(self.definition)

    def pictures(self, trial: optuna.Trial) -> list[str]:
        metas = get_all_artifact_meta(trial, storage=self.shelf.storage)
        return [meta.filename for meta in metas]


def test_a_trial_has_its_picture_as_an_artifact_and_its_metrics_as_a_note(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    trial = desk.trial()
    (meta,) = get_all_artifact_meta(trial, storage=desk.shelf.storage)
    assert (meta.filename, meta.mimetype) == (PICTURE, "image/png")
    assert (tmp_path / "artifacts" / meta.artifact_id).read_bytes().startswith(b"\x89PNG")
    assert "| valid_mse | 0.01 |" in get_note(trial)
    assert "mean of 3 seeds" in get_note(trial)


def test_without_pictures_there_are_notes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "none")
    trial = desk.trial()
    desk.illustrations.on_phase_end(desk.definition.phases[0])
    assert desk.pictures(trial) == []
    assert "valid_mse" in get_note(trial)
    assert "volopt dashboard" in get_note(desk.study)


def test_the_best_trial_so_far_is_drawn_before_others(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk(tmp_path, "budget", clock)
    draw(desk.budget, clock, 1.5)
    draw(desk.budget, clock, 0.0)  # the clock stands still from here on: no drawing takes any time
    clock.now = 2.0 / MAX_SHARE  # enough for the best, not for the rest
    assert desk.pictures(desk.trial(0.02)) == [PICTURE]  # the first is the best so far
    assert desk.pictures(desk.trial(0.03)) == []
    assert desk.pictures(desk.trial(None)) == []
    assert desk.pictures(desk.trial(0.01)) == [PICTURE]


def test_the_best_of_earlier_runs_counts_where_a_study_goes_on(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk(tmp_path, "budget", clock)
    desk.study.tell(desk.trial(0.02), 0.02)
    desk.illustrations = desk.resume()
    draw(desk.budget, clock, 1.5)
    draw(desk.budget, clock, 0.0)
    clock.now = 2.0 / MAX_SHARE
    assert desk.pictures(desk.trial(0.03)) == []
    assert desk.pictures(desk.trial(0.01)) == [PICTURE]


def test_a_picture_that_cannot_be_drawn_costs_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(illustrate, "trial_chart", broken)
    desk = Desk(tmp_path)
    with pytest.warns(RuntimeWarning, match="no picture of trial 0"):
        trial = desk.trial()
    assert "valid_mse" in get_note(trial)


def test_a_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)

    def full(*arguments: object) -> None:
        raise StorageError("no space", "free some")

    monkeypatch.setattr(desk.shelf.artifacts, "attach_file", full)
    with pytest.raises(StorageError, match="no space"):
        desk.trial()


def test_a_failed_trial_has_its_reason_as_a_note(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    trial = desk.study.ask(desk.space)
    desk.illustrations.on_trial_failure(trial, "the loss is <nan>")
    assert "**FAIL**: the loss is \\<nan\\>" in get_note(trial)


def test_notes_of_later_trials_are_left_to_the_dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(illustrate, "MAX_NOTES", 1)
    desk = Desk(tmp_path, "none")
    assert [bool(get_note(desk.trial())) for _ in range(2)] == [True, False]


def test_the_figures_of_a_study_are_drawn_once_it_has_trials(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.illustrations.on_phase_end(desk.definition.phases[0])
    assert not figures(desk.study)
    world = World(seeds=3)
    for cell in ("RNN", "LSTM"):
        for size in (5, 25, 125, 250):
            result = world.trial(cell=cell, hidden_size=size)
            desk.shelf.trial(desk.definition, content(result), cell=cell, hidden_size=size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        desk.illustrations.on_phase_end(desk.definition.phases[0])
    assert {name.split(":")[2] for name in figures(desk.study)} >= {"volopt-grid-01", "volopt-grid-04"}


def test_figures_are_drawn_again_only_for_new_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    desk = Desk(tmp_path)

    def draw(where: Address, name: str, artifacts: Sequence[Path]) -> None:
        assert (where.url, name) == (desk.shelf.storage.address.url, desk.study.study_name)
        drawn.append(len(StudyView(desk.study, desk.definition, desk.shelf.artifacts).complete))

    monkeypatch.setattr(illustrate, "save_figures_apart", draw)
    for _ in range(2):
        desk.study.tell(desk.trial(0.02), 0.02)
        for _ in range(2):
            desk.illustrations.on_phase_end(desk.definition.phases[0])
    assert drawn == [1, 2]


def figures(study: optuna.Study) -> list[str]:
    attributes = study._storage.get_study_system_attrs(study._study_id)
    return [name for name in attributes if name.startswith("dashboard:plot_data:")]
