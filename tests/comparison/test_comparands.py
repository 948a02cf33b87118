"""Naming what is compared: trials and baselines."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from builders import STUDY, attach, definition
from volopt.comparison.comparands import find_choice, find_comparands
from volopt.comparison.compare import Comparison, compare
from volopt.errors import StudyError, UsageError, VoloptError
from volopt.storage import array_store
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.studies.space import distributions

ACTUAL = np.linspace(10, 20, 30)  # by day
SPACE = """\
batch_norm = [false, true]
batch_size = { low = 8, high = 64 }
[[phase]]"""
DEFINITION = definition(STUDY.replace("[[phase]]", SPACE, 1).replace("seeds = 2", "seeds = 2\nbatch_size = 8"))
DEFAULTS: dict[str, Any] = {
    "cell": "RNN",
    "hidden_size": 3,
    "window": 4,
    "learning_rate": 0.005,
    "batch_norm": False,
    "batch_size": 8,
}
LOSSES = {"train_mse": [1.0], "valid_mse": [1.0]}
COMPLETE, FAIL = optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.FAIL
TRIALS: Sequence[tuple[dict[str, Any], float | None]] = [
    ({}, 3.0),
    ({"cell": "LSTM", "hidden_size": 5}, None),  # FAIL
    ({"cell": "LSTM", "hidden_size": 5}, 2.0),
    ({"learning_rate": 0.001, "batch_norm": True}, 1.0),  # the best
    ({"learning_rate": 0.001, "batch_norm": True}, 4.0),  # the same again
    ({"hidden_size": 5}, 5.0),  # its artifact is missing
]


def content(trial: int) -> dict[str, Any]:
    dates = (np.datetime64("2020-01-01") + np.arange(len(ACTUAL))).astype(str).tolist()
    forecast = (ACTUAL * (1 + trial)).tolist()
    seed = {"metrics": {"valid_mse": float(trial)}, "curves": LOSSES, "forecast": {"valid": forecast, "test": forecast}}
    return {
        "days": {split: {"date": dates, "actual": ACTUAL.tolist()} for split in ("valid", "test")},
        "seeds": [{"seed": 0} | seed, {"seed": 1} | seed],
        "train": {"mean": 1.0, "std": 1.0, "log_floor": 0.5},
        "baselines": "abc",
    }


@pytest.fixture
def named(tmp_path: Path) -> Callable[..., Comparison]:
    """Return a function that compares two of ``TRIALS`` by the names that a user gives."""
    study, artifacts = optuna.create_study(study_name="small"), Artifacts(tmp_path)
    array_store.baselines(tmp_path).put(
        "abc", {f"{name}.{split}": ACTUAL * 2 for name in ("har", "ma5") for split in ("valid", "test")}, {}
    )
    for number, (params, value) in enumerate(TRIALS):
        study.enqueue_trial(DEFAULTS | params)
        trial = study.ask(distributions(DEFINITION))
        if value is not None and number != 5:
            attach(artifacts, trial, CURVES, content(number))
        study.tell(trial, value, state=FAIL if value is None else COMPLETE)

    def call(a: str, b: str) -> Comparison:
        choices = (find_choice(study, DEFINITION, text) for text in (a, b))
        return compare(*find_comparands(study, DEFINITION, *choices, artifacts), DEFINITION.objective)

    return call


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("2", 2),
        ("best", 3),
        ("har", "har"),
        ("cell=LSTM,hidden_size=5", 2),  # the first COMPLETE one
        (" hidden_size = 5 , cell = LSTM ", 2),
        ("batch_norm=true,learning_rate=1e-3", 3),
        ("batch_norm=True,learning_rate=.001,window=4", 3),
    ],
)
def test_a_comparand_is_named_by_number_best_parameters_or_baseline(
    named: Callable[..., Comparison], text: str, choice: int | str
) -> None:
    compared = named(text, "0")
    assert (compared.a.choice, compared.b.choice) == (choice, 0)
    assert compared.b.params == DEFAULTS
    reversed_ = named("cell=RNN", text)
    assert (reversed_.a.choice, reversed_.b.choice) == (0, choice)


def test_a_baseline_of_static_inputs_is_named_in_a_study_that_has_them() -> None:
    study = optuna.create_study(study_name="small")
    study.add_trial(optuna.create_trial(value=1.0))
    with_static = definition(data={"static": ("$gap",)})
    assert find_choice(study, with_static, "pooled_ridge") == "pooled_ridge"
    with pytest.raises(UsageError, match="neither a trial nor a baseline of small"):
        find_choice(study, definition(), "pooled_ridge")


def test_each_comparand_has_the_scores_and_days_of_its_own_trial(named: Callable[..., Comparison]) -> None:
    compared = named("2", "0")
    assert [tuple(pair) for pair in compared.seeds] == [(0, 2.0, 0.0), (1, 2.0, 0.0)]
    assert compared.daily["valid"].loss_a == pytest.approx(math.log(3) ** 2)
    assert compared.daily["valid"].loss_b == 0


def test_two_baselines_are_compared_on_the_days_of_the_best_trial(named: Callable[..., Comparison]) -> None:
    compared = named("har", "ma5")
    assert compared.daily["valid"].estimate.effect == 0
    assert compared.verdict.startswith("Baseline har and baseline ma5 have the same mean squared log error on the ")


@pytest.mark.parametrize(
    ("text", "kind", "message", "hint"),
    [
        ("6", StudyError, "small has no trial 6", "volopt trials small"),
        ("9" * 5000, StudyError, "small has no trial 9", "volopt trials small"),
        ("1", StudyError, "trial 1 is FAIL", "volopt trials small"),
        ("5", StudyError, "forecasts of trial 5 of small are missing", "another --name"),
        ("bets", UsageError, 'did you mean "best"', "har"),
        ("hra", UsageError, 'did you mean "har"', "hidden_size=25"),
        ("", UsageError, "neither a trial nor a baseline", "har"),
        ("hiden_size=5", UsageError, 'did you mean "hidden_size"', "cell, hidden_size"),
        ("num_layers=1", UsageError, '"num_layers" is not a key of', "hidden_size"),
        ("cell=LSTM,", UsageError, '"" is not a key of', "hidden_size"),
        ("hidden_size=4", UsageError, "hidden_size=4 is not in [space]", "(3, 5)"),
        ("hidden_size=many", UsageError, "hidden_size=many is not in [space]", "(3, 5)"),
        ("cell=GRU", UsageError, "cell=GRU is not in [space]", '("LSTM", "RNN")'),
        ("cell=lstm", UsageError, 'did you mean "LSTM"', '("LSTM", "RNN")'),
        ("window=7", UsageError, "window=7 is not in [space]", "(2 to 6)"),
        ("learning_rate=nan", UsageError, "learning_rate=nan is not in [space]", "0.0001 to 0.1"),
        ("batch_size=full", UsageError, "batch_size=full is not in [space]", "(8 to 64)"),
        (
            "window=2",
            StudyError,
            "no COMPLETE trial has batch_norm=False, batch_size=8, cell=RNN",
            "volopt trials small",
        ),
        ("0", UsageError, "A and B are both trial 0, so there is nothing to compare", "see `volopt trials small`"),
        (
            "cell=RNN",
            UsageError,
            "A and B are both trial 0, so there is nothing to compare",
            "see `volopt trials small`",
        ),
    ],
)
def test_a_name_of_nothing_is_an_error_with_a_hint(
    named: Callable[..., Comparison], text: str, kind: type[VoloptError], message: str, hint: str
) -> None:
    with pytest.raises(kind) as error:
        named("0", text)
    assert message in error.value.message
    assert hint in error.value.hint


@pytest.mark.parametrize("text", ["best", "0", "har"])
def test_a_study_without_complete_trials_is_an_error(text: str) -> None:
    with pytest.raises(StudyError, match="no trial of empty is COMPLETE"):
        find_choice(optuna.create_study(study_name="empty"), DEFINITION, text)
