"""Trials made by hand, with known numbers over seeds, for the tests of claims; and a storage for such trials."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from optuna.trial import TrialState

from builders import SOURCE, attach
from volopt.claims.lookup import find_studies
from volopt.comparison.trial_results import SeedResult, TrialResult
from volopt.definition import load
from volopt.definition.schema import Definition, Scalar
from volopt.storage.artifacts import ARTIFACTS, CURVES, Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.attributes import REASON
from volopt.studies.space import distributions
from volopt.studies.trial_file import InstrumentRows

DAYS = 120
ACTUAL = np.exp(np.random.default_rng(0).normal(0, 0.3, DAYS))
NOISE = np.random.default_rng(1).normal(0, 1, (50, DAYS))
DEFAULTS = {"cell": "LSTM", "hidden_size": 5, "num_layers": 1, "batch_norm": False}

Say = Callable[[dict[str, Any]], float]


def constant(value: float) -> Say:
    """Return the same of every configuration."""
    return lambda values: value


class World:
    """A study in which everything is as said; each argument takes the values of a trial.

    Args:
        seeds: of each trial.
        loss: valid_mse, and train_mse and test_mse with it; seeds scatter by a percent.
        flat: how many of the first seeds end as a flat line.
        level: where forecasts lie, in train standard deviations from the train mean.
        gradient: log10 of first over last layer's gradient norm, in every recorded epoch.
        timing: days by which the forecast comes late; below 0 it knows nothing.
        steep: log10 change of the train loss from epoch to epoch.
        skill: over persistence.
    """

    synthetic = False
    market = ()

    def __init__(self, name: str = "study", seeds: int = 10, **said: Say) -> None:
        self.name, self.seeds, self.said = name, seeds, said
        self.definition = SimpleNamespace(training=SimpleNamespace(seeds=seeds))

    def trial(self, **values: Scalar) -> TrialResult:
        point = DEFAULTS | values
        return TrialResult(
            number=0,
            params=point,
            seeds=tuple(self._seed_result(point, seed) for seed in range(self.seeds)),
            dates={split: np.datetime64("2020-01-01") + np.arange(DAYS) for split in ("valid", "test")},
            actual={"valid": ACTUAL, "test": ACTUAL},
            train={"mean": 2.0, "std": 0.5, "log_floor": 0.01},
            instruments={split: [InstrumentRows("", slice(0, DAYS), 0.01)] for split in ("valid", "test")},
            baselines={},
        )

    def _say(self, what: str, point: dict[str, Any], otherwise: float) -> float:
        return self.said.get(what, constant(otherwise))(point)

    def _seed_result(self, point: dict[str, Any], seed: int) -> SeedResult:
        scatter = 1 + 0.001 * (seed - 4) + 0.003 * np.sin(7 * seed + point["hidden_size"])
        loss = self._say("loss", point, 0.01) * scatter
        flat = seed < self._say("flat", point, 0)
        ratio = self._say("gradient", point, 0.0) * scatter
        level = 2.0 + 0.5 * self._say("level", point, 0.0) * scatter
        epochs = np.arange(20)
        return SeedResult(
            seed,
            {
                "train_mse": loss,
                "valid_mse": loss,
                "test_mse": loss,
                "flatness": 0.001 if flat else 0.7,
                "valid_skill_persistence": 1 - (1 - self._say("skill", point, 0.1)) * scatter,
            },
            {
                "train_mse": 10 ** (-self._say("steep", point, 0.01) * scatter * epochs),
                "valid_mse": 1.1 * 10 ** (-self._say("steep", point, 0.01) * scatter * epochs),
                "record_epoch": [1, 10, 20],
                "gradient_norm": [[10**ratio, 1.0]] * 3,
            },
            {"valid": np.full(DAYS, level), "test": self._forecast(point, seed)},
        )

    def _forecast(self, point: dict[str, Any], seed: int) -> np.ndarray:
        late = int(self._say("timing", point, 0))
        return NOISE[seed] if late < 0 else np.roll(ACTUAL, late) + 0.05 * NOISE[seed]


def content(result: TrialResult) -> dict[str, Any]:
    """Return a result as the artifact of a trial."""
    return {
        "train": dict(result.train),
        "baselines": "",
        "days": {
            split: {"date": result.dates[split].astype(str).tolist(), "actual": result.actual[split].tolist()}
            for split in ("valid", "test")
        },
        "seeds": [
            {
                "seed": seed.seed,
                "metrics": dict(seed.metrics),
                "curves": {name: np.asarray(values).tolist() for name, values in seed.curves.items()},
                "forecast": {split: values.tolist() for split, values in seed.forecast.items()},
            }
            for seed in result.seeds
        ],
    }


class Shelf:
    """A storage in a directory, filled by hand."""

    def __init__(self, directory: Path) -> None:
        self.storage = connect(f"sqlite:///{directory}/volopt.db", write=True, create=True)
        self.artifacts = Artifacts(directory / "artifacts")

    def study(self, name: str, *, of: str = "grid", text: tuple[str, str] = ("", ""), **said: Any) -> Definition:
        """Store a shipped study under a name, with a piece of its file replaced; the provider is synthetic."""
        before, after = text
        source = load.read_text(load.find(of))
        assert before in source
        found = load.override(load.read(source.replace(before, after), "test"), name=name, **said)
        studies.open_or_create(self.storage, found, SOURCE)
        return found

    def trial(self, definition: Definition, content: Any, value: float = 1.0, **values: Any) -> None:
        """Store a COMPLETE trial at these values, with an artifact of this content or, for None, without one."""
        study, _ = studies.find(self.storage, definition.name)
        space = distributions(definition)
        trial = study.ask()
        params = {key: value for key, value in (definition.defaults() | values).items() if key in definition.space}
        for key, each in params.items():
            study._storage.set_trial_param(trial._trial_id, key, space[key].to_internal_repr(each), space[key])
        if content is not None:
            attach(self.artifacts, trial, CURVES, content)
        else:  # its file is missing
            meta = json.dumps({"artifact_id": "gone", "filename": CURVES})
            study._storage.set_trial_system_attr(trial._trial_id, f"{ARTIFACTS}gone", meta)
        study.tell(trial, value)

    def failed(self, definition: Definition, reason: str) -> None:
        """Store a trial that FAILed before it had any scores."""
        study, _ = studies.find(self.storage, definition.name)
        trial = study.ask()
        trial.set_user_attr(REASON, reason)
        study.tell(trial, state=TrialState.FAIL)

    def found(self, *names: str) -> Any:
        return find_studies(self.storage, names or studies.names(self.storage), self.artifacts)
