"""Studies filled by hand whose parameters and values are known, as figures of a search see them."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from builders import SOURCE, STUDY, definition
from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.storage.artifacts import Artifacts
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE
from volopt.studies.space import distributions

BEGAN = datetime(2026, 1, 2, 10)
FOUND = definition()
MAXIMIZED = STUDY + '\n[objective]\nmetric = "valid_log_r2"\n'
HAR = {"har": {"valid_mse": 0.5, "valid_log_r2": 0.6, "test_log_r2": 0.5}}
RIDGE = {"ridge": {"valid_mse": 0.25, "valid_log_r2": 0.5, "test_log_r2": 0.7}}
POINT = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}


def trial(
    value: float | None,
    phase: str = "extend",
    state: str = "COMPLETE",
    *,
    of: Definition = FOUND,
    starts: float = 0,
    lasts: float = 10,
    **params: Any,
) -> FrozenTrial:
    """Return a trial; times are in seconds after ``BEGAN``."""
    frozen = create_trial(
        state=TrialState[state],
        value=value,
        params=POINT | params,
        distributions=distributions(of),
        user_attrs={PHASE: phase},
    )
    frozen.datetime_start = None if state == "WAITING" else BEGAN + timedelta(seconds=starts)
    frozen.datetime_complete = BEGAN + timedelta(seconds=starts + lasts) if frozen.state.is_finished() else None
    return frozen


def study_view(*trials: FrozenTrial, text: str = STUDY, baselines: dict[str, Any] | None = None) -> StudyView:
    """Return a study of these trials; it has no artifacts."""
    parsed = definition(text)
    study = studies.open_or_create(InMemoryStorage(), parsed, SOURCE.model_copy(update={"synthetic": False}))
    for each in trials:
        study.add_trial(each)
    if baselines is not None:
        studies.store_baselines(study, baselines)
    return StudyView(study, parsed, Artifacts(Path(tempfile.gettempdir())))


def random(count: int, seed: int = 0) -> list[FrozenTrial]:
    """Return trials at random places, whose value depends on the learning rate most, and on cell and window."""
    generator = np.random.default_rng(seed)
    trials = []
    for number in range(count):
        place = {
            "cell": ["RNN", "LSTM"][int(generator.integers(2))],
            "hidden_size": [3, 5][int(generator.integers(2))],
            "window": int(generator.integers(2, 7)),
            "learning_rate": float(10 ** generator.uniform(-4, -1)),
        }
        value = 0.01 * 10 ** abs(np.log10(place["learning_rate"]) + 2.5) + 0.002 * place["window"]
        trials.append(trial(value + 0.01 * (place["cell"] == "RNN"), starts=10 * number, **place))
    return trials
