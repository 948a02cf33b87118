"""The test split chooses nothing: with noise in its place, every choice is the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from builders import SOURCE, STUDY, definition, frame, in_periods
from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.executors.trainer import SerialTrainer
from volopt.search.context import RunContext
from volopt.search.driver import Driver
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.best_trial import best_trial
from volopt.studies.listing import periods, seeds, trials
from volopt.windows.prepare import prepare

# Every way of choosing at once: a grid, TPE that starts at the grid's best trial, a pruner, early stopping.
CHOOSING = (
    STUDY.replace('sampler = "random"', 'sampler = "tpe"\nstart = "best"\npruner = "median"')
    .replace("trials = 3", "trials = 15")
    .replace("epochs = 4", "epochs = 20\nearly_stopping = 3")
)


def noise(found: Frame) -> Frame:
    """Return the frame with noise on the days of test, from May 2020 on."""
    values = found.values.copy()
    test = found.dates >= np.datetime64("2020-05-01")
    values[test] = np.exp(np.random.default_rng(9).normal(3, 2, (test.sum(), values.shape[1])))
    return replace(found, values=values)


def run(directory: Path, found: Definition, data: Frame) -> optuna.Study:
    dataset = prepare([data], found, "fingerprint")
    storage = connect(f"sqlite:///{directory}/volopt.db", write=True, create=True)
    study = studies.open_or_create(storage, found, SOURCE)
    context = RunContext(found, dataset, Artifacts(directory / "artifacts"))
    studies.store_baselines(study, context.baselines(found.model.window).metrics)
    Driver(study, studies.ledger(study, found), context, SerialTrainer(dataset)).run(found.phases)
    return study


def choices(study: optuna.Study) -> list[Any]:
    """Return all that was decided: what was tried, pruned, kept and called best."""
    stands = best_trial(study)
    assert stands is not None
    return [
        study.best_trial.number,
        (stands.trial, stands.baseline),
        [(t.params, t.state, t.value, t.intermediate_values) for t in study.trials],
        [[seed.get("best_epoch") for seed in seeds(t)] for t in study.trials],
        [periods(t) for t in study.trials],
        [v for k, v in study.user_attrs.items() if k.startswith("volopt:start")],
    ]


def on_test(study: optuna.Study, found: Definition) -> list[float | None]:
    return [trial["metrics"].get("test_mse") for trial in trials(study, found)]


@pytest.mark.parametrize("text", [CHOOSING, in_periods(CHOOSING)], ids=["one valid period", "several"])
def test_with_noise_for_the_test_split_every_choice_stays_the_same(tmp_path: Path, text: str) -> None:
    found = definition(text)
    true, false = (run(tmp_path / name, found, data) for name, data in (("a", frame()), ("b", noise(frame()))))
    assert choices(true) == choices(false)
    states = {trial.state.name for trial in true.trials}
    assert states == {"COMPLETE", "PRUNED"}  # there was something to choose
    assert all(a != b for a, b in zip(on_test(true, found), on_test(false, found), strict=True) if a is not None)
