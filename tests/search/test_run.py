"""Whole runs on the synthetic sample, as the command line starts them."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial

from volopt.definition.schema import Phase
from volopt.errors import DataError, StudyError, UsageError
from volopt.search import run as runs
from volopt.search.callbacks import Callback
from volopt.search.job import RunOptions, prepare_job
from volopt.search.plan import PhasePlan
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies.attributes import ORPHAN
from volopt.studies.listing import summary, trials
from volopt.studies.study import find


@pytest.fixture
def options(tmp_path: Path, sample: Path) -> RunOptions:
    """A short run of one worker on the sample."""
    url = f"sqlite:///{tmp_path}/storage/volopt.db"
    return RunOptions(storage=url, data=sample, epochs=2, seeds=1, trials=2, workers=1, device="cpu")


def _run(study: str, options: RunOptions) -> dict[str, object]:
    return runs.run(prepare_job(study, options))


def test_one_and_two_workers_give_identical_values_for_every_grid_point(options: RunOptions, tmp_path: Path) -> None:
    two = replace(options, storage=f"sqlite:///{tmp_path}/two/volopt.db", workers=2)
    found = []
    for each in (options, two):
        _run("loss_curves", each)
        listed = trials(*find(connect(each.storage), "loss_curves"))
        found.append({t["params"]["cell"]: (t["value"], t["metrics"], t["seeds"]) for t in listed})
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_the_shipped_grid_runs_whole_and_then_has_nothing_to_do(options: RunOptions) -> None:
    facts = _run("grid", options)
    study, definition = find(connect(options.storage), "grid")
    phases = {p["name"]: (p["done"], p["total"]) for p in summary(study, definition)["phases"]}
    assert phases == {"width": (8, 8), "depth": (8, 8), "extend": (2, 2)}
    assert facts["new_trials"] == facts["complete"] + facts["pruned"] == 16
    assert facts["failed"] == 0
    baseline = [t for t in trials(study, definition) if t["phases"] == ["width", "depth"]]
    assert {t["params"]["cell"] for t in baseline} == {"RNN", "LSTM"}
    assert _run("grid", options)["new_trials"] == 0


def test_a_quick_look_is_a_study_of_its_own_and_explicit_options_come_first(options: RunOptions) -> None:
    given = replace(options, epochs=None, seeds=None, quick=True)
    job = prepare_job("grid", given)
    assert (job.definition.name, job.definition.training.epochs, job.definition.training.seeds) == ("grid-quick", 25, 1)
    assert shlex.split(job.command)[:4] == ["volopt", "run", "grid", "--quick"]
    assert shlex.split(job.next_command(whole=True)) == [
        word for word in shlex.split(job.command) if word != "--quick" and not word.startswith("--storage=")
    ]
    other = prepare_job("grid", replace(given, name="look", epochs=2, seeds=3)).definition
    assert (other.name, other.training.epochs, other.training.seeds) == ("look", 2, 3)


def test_only_the_phases_named_run(options: RunOptions) -> None:
    _run("grid", replace(options, phases=("depth",)))
    study, definition = find(connect(options.storage), "grid")
    assert [p["done"] for p in summary(study, definition)["phases"]] == [2, 8, 0]


def test_a_dry_run_counts_what_is_left_and_leaves_no_database(options: RunOptions, tmp_path: Path) -> None:
    job = prepare_job("grid", replace(options, seeds=3))
    plans = {each.name: each for each in runs.planned(job)}
    assert {name: each.fits for name, each in plans.items()} == {"width": 24, "depth": 18, "extend": 6}
    assert all(each.seconds > 0 for each in plans.values())
    assert not (tmp_path / "storage" / "volopt.db").exists()


def test_a_dry_run_knows_the_fits_that_are_kept(options: RunOptions) -> None:
    _run("grid", replace(options, phases=("width",)))
    job = prepare_job("grid", replace(options, seeds=3, name="more"))
    plans = {each.name: each for each in runs.planned(job)}
    assert plans["width"].fits == 16
    assert plans["depth"].fits == 18  # two of its eight points stand in width too


def test_a_dry_run_refuses_other_data_and_definitions_as_a_run_does(options: RunOptions, other_sample: Path) -> None:
    _run("loss_curves", options)
    for other, message in (({"data": other_sample}, "was run on other data"), ({"epochs": 3}, "training.epochs")):
        job = prepare_job("loss_curves", replace(options, **other))
        for call in (runs.planned, runs.run):
            with pytest.raises(StudyError, match=message):
                call(job)


def test_the_command_to_resume_repeats_phases_workers_timeout_and_pictures(options: RunOptions) -> None:
    said = replace(options, phases=("width", "depth"), timeout=90.5, pictures="none")
    arguments = shlex.split(prepare_job("grid", said).command)
    wanted = {"--phase=width", "--phase=depth", "--workers=1", "--timeout=90.5", "--pictures=none"}
    assert set(arguments) >= wanted


class Events(Callback):
    """Note the plans, the end of each trial and of the run in one list, and the failures."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.failures: list[tuple[int, str]] = []

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: Sequence[PhasePlan]) -> None:
        self.order += [f"{plan.name} {plan.done}/{plan.total}" for plan in plans]

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        self.order.append(trial.state.name)

    def on_run_end(self, study: optuna.Study) -> None:
        self.order.append("end")

    def on_trial_failure(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        self.failures.append((trial.number, reason))


def test_a_callback_gets_the_plan_and_every_trial(options: RunOptions) -> None:
    events = Events()
    runs.run(prepare_job("loss_curves", options), [events])
    assert events.order == ["loss_curves 0/2", "COMPLETE", "COMPLETE", "end"]


def test_a_callback_gets_the_trials_that_a_dead_run_left_behind(options: RunOptions) -> None:
    _run("loss_curves", options)
    storage = connect(options.storage, write=True)
    study, _ = find(storage, "loss_curves")
    orphan = study.ask().number
    events = Events()
    runs.run(prepare_job("loss_curves", options), [events])
    assert events.failures == [(orphan, ORPHAN)]


def test_the_run_record_says_what_made_the_numbers(options: RunOptions) -> None:
    for _ in range(2):
        _run("loss_curves", options)
    study, _ = find(connect(options.storage), "loss_curves")
    (record,) = study.user_attrs["volopt:runs"]  # a run that changed nothing leaves no second one
    assert record["versions"]["optuna"] == optuna.__version__
    assert record["data"]["reader"] in ("qlib", "native")
    assert record["device"] == "cpu"
    assert 'name = "loss_curves"' in record["study_file"]


def test_a_study_run_on_other_data_is_refused(options: RunOptions, other_sample: Path) -> None:
    _run("loss_curves", options)
    with pytest.raises(StudyError, match="other data"):
        _run("loss_curves", replace(options, data=other_sample))


def test_changed_epochs_are_refused_with_their_key(options: RunOptions) -> None:
    _run("loss_curves", options)
    with pytest.raises(StudyError, match=r"training\.epochs") as caught:
        _run("loss_curves", replace(options, epochs=3))
    assert "--name" in caught.value.hint


def test_an_unknown_phase_names_the_nearest(options: RunOptions) -> None:
    with pytest.raises(UsageError, match='did you mean "width"'):
        prepare_job("grid", replace(options, phases=("with",)))


def test_a_missing_data_directory_is_a_data_error(options: RunOptions, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        prepare_job("grid", replace(options, data=tmp_path / "nowhere"))


# Packs.


def test_the_shipped_grid_in_packs_gives_the_values_of_one_by_one_within_tolerance(
    options: RunOptions, tmp_path: Path
) -> None:
    found = []
    for each in (options, replace(options, storage=f"sqlite:///{tmp_path}/packed/volopt.db", pack="8", seeds=1)):
        _run("loss_curves", replace(each, epochs=10, seeds=3))
        listed = trials(*find(connect(each.storage), "loss_curves"))
        found.append({t["params"]["cell"]: t["value"] for t in listed})
    assert found[1] == pytest.approx(found[0], rel=1e-4)


def test_fits_of_a_pack_are_kept_apart_from_those_of_one_by_one(options: RunOptions) -> None:
    packed = replace(options, pack="2")
    trained = [
        _run("loss_curves", replace(each, name=name, seeds=2))["epochs_trained"]
        for each, name in ((options, "one"), (packed, "two"), (options, "three"), (packed, "four"))
    ]
    assert trained == [8, 8, 0, 0]


def test_batch_norm_is_never_packed_and_so_shares_its_fits(options: RunOptions) -> None:
    trained = [
        _run("batchnorm", replace(each, epochs=1, name=name))["epochs_trained"]
        for each, name in ((options, "one"), (replace(options, pack="2"), "two"))
    ]
    assert trained == [4, 2]  # of the four points two are without


def test_the_command_and_the_record_of_a_run_say_that_it_packs(options: RunOptions) -> None:
    job = prepare_job("loss_curves", replace(options, pack="2"))
    assert "--pack=2" in job.command
    assert "--pack" not in prepare_job("loss_curves", options).command
    runs.run(job)
    _run("loss_curves", options)
    study, _ = find(connect(options.storage), "loss_curves")
    packed, plain = study.user_attrs["volopt:runs"]
    assert packed["pack"] == "2"
    assert plain["pack"] is None


def test_what_is_left_to_train_is_told_apart_for_packs(options: RunOptions) -> None:
    _run("loss_curves", options)
    left = [
        sum(plan.fits for plan in runs.planned(prepare_job("loss_curves", replace(options, name="other", pack=pack))))
        for pack in (None, "2")
    ]
    assert left == [0, 2]
