"""Studies of many trials, written to the database in bulk: as volopt leaves them, but nothing was trained."""

import json
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages._rdb import models
from sqlalchemy import insert

from builders import SAMPLE_DATA, SOURCE
from volopt.definition.schema import Definition
from volopt.storage.database.retrying import RetryingStorage
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE, SCORES
from volopt.studies.space import Params, distributions

BEGAN = datetime(2026, 1, 1)
METRICS = (
    "train_mse", "valid_mse", "test_mse", "valid_log_r2", "valid_log_mse", "test_log_r2", "test_log_mse", "test_mase",
    "test_direction", "flatness", "ensemble_valid_log_r2", "ensemble_valid_log_mse", "ensemble_test_log_r2",
    "ensemble_test_log_mse",
)  # fmt: skip
BASELINES = ("persistence", "ma5", "ewma", "har", "ridge", "lightgbm")
SKILLS = [f"{split}_skill_{name}" for split in ("valid", "test") for name in BASELINES]
CHUNK = 1000  # trials in one transaction

WIDE = f"""
format = 1
name = "wide"
{SAMPLE_DATA}[model]
cell = "RNN"
[training]
epochs = 100
seeds = 1
[space]
cell = ["LSTM", "RNN"]
hidden_size = {{sizes}}
window = {{{{ low = 5, high = 100 }}}}
learning_rate = {{{{ low = 1e-4, high = 1e-1, log = true }}}}
[[phase]]
name = "all"
sampler = "{{sampler}}"
{{phase}}
"""

TINY = f"""
format = 1
name = "tiny"
{SAMPLE_DATA}[model]
cell = "RNN"
[training]
epochs = 1
seeds = 1
[space]
cell = ["LSTM", "RNN"]
hidden_size = [3, 5]
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
[[phase]]
name = "wide"
sampler = "random"
vary = ["hidden_size", "learning_rate"]
trials = 2000
"""  # of trials that hardly train


def wide(sampler: str, trials: int = 100_000, pruner: str = "none") -> str:
    """A study file with one phase: a grid of 100,000 points, as many as one may have, or so many trials."""
    sizes = "{ low = 1, high = 250 }"
    if sampler == "grid":
        sizes = _listed(range(1, 251))
        rates = _listed(round(1e-4 * 2**number, 6) for number in range(10))
        lists = f"hidden_size = {sizes}\nwindow = {_listed(range(5, 25))}\nlearning_rate = {rates}"
        phase = f'[phase.grid]\ncell = ["LSTM", "RNN"]\n{lists}'
    else:
        phase = f'vary = ["cell", "hidden_size", "window", "learning_rate"]\ntrials = {trials}\npruner = "{pruner}"'
    return WIDE.format(sizes=sizes, sampler=sampler, phase=phase)


def _listed(values: Iterable[float]) -> str:
    return "[\n" + ",\n".join(map(str, values)) + "\n]"


def fill(storage: RetryingStorage, definition: Definition, points: Iterable[Params], *, pruned: float = 0.0) -> None:
    """Store a study whose first phase has tried the points; a share of the trials is PRUNED half-way."""
    study = studies.open_or_create(storage, definition, SOURCE)
    study_id, space = study._study_id, distributions(definition)
    generator, numbered, first = random.Random(0), iter(enumerate(points)), _next_id(storage)
    while chunk := list(islice(numbered, CHUNK)):
        with storage.engine.begin() as connection:
            for table, rows in _rows(study_id, first, definition, space, chunk, generator, pruned).items():
                if rows:
                    connection.execute(insert(table), rows)


def drawn(definition: Definition, trials: int, seed: int = 0) -> Iterator[Params]:
    """Points of the space, drawn at random."""
    generator = random.Random(seed)
    for _ in range(trials):
        point: dict[str, Any] = {}
        for key, entry in definition.space.items():
            if isinstance(entry, tuple):
                point[key] = generator.choice(entry)
            elif entry.log:
                point[key] = entry.low * (entry.high / entry.low) ** generator.random()
            else:
                point[key] = generator.randint(int(entry.low), int(entry.high))
        yield point


def loss(params: Params) -> float:
    """A value for a point, with one best place in the space of ``WIDE``."""
    import math

    rate, window, size = (float(params[key]) for key in ("learning_rate", "window", "hidden_size"))
    return (math.log10(rate) + 2.5) ** 2 + ((window - 20) / 40) ** 2 + ((size - 30) / 100) ** 2 + 0.01


def _next_id(storage: RetryingStorage) -> int:
    with storage.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT COALESCE(MAX(trial_id), 0) + 1 FROM trials").scalar_one())


def _rows(
    study_id: int,
    first: int,
    definition: Definition,
    space: dict[str, BaseDistribution],
    chunk: list[tuple[int, Params]],
    generator: random.Random,
    pruned: float,
) -> dict[Any, list[dict[str, Any]]]:
    """The rows of some trials, by table."""
    found: dict[Any, list[dict[str, Any]]] = {
        table: []
        for table in (
            models.TrialModel,
            models.TrialParamModel,
            models.TrialValueModel,
            models.TrialUserAttributeModel,
            models.TrialSystemAttributeModel,
            models.TrialIntermediateValueModel,
        )
    }
    written = {key: distribution_to_json(each) for key, each in space.items()}
    epochs = definition.training.epochs
    for number, params in chunk:
        trial, value = {"trial_id": first + number}, loss(params) * generator.uniform(0.9, 1.1)
        is_pruned = generator.random() < pruned
        begun = BEGAN + timedelta(seconds=number)
        state = "PRUNED" if is_pruned else "COMPLETE"
        times = {"datetime_start": begun, "datetime_complete": begun + timedelta(seconds=1)}
        found[models.TrialModel].append(trial | {"number": number, "study_id": study_id, "state": state} | times)
        found[models.TrialParamModel] += [
            trial
            | {
                "param_name": key,
                "param_value": each.to_internal_repr(params[key]),
                "distribution_json": written[key],
            }
            for key, each in space.items()
        ]
        found[models.TrialValueModel].append(trial | {"objective": 0, "value": value, "value_type": "FINITE"})
        scores: dict[str, Any] = {name: value * generator.uniform(0.9, 1.1) for name in METRICS}
        user = {PHASE: definition.phases[0].name, **scores}
        skills = {name: generator.uniform(-1, 1) for name in SKILLS}
        seed = {"seed": 0, **scores, **skills, "epochs": epochs, "best_epoch": epochs}
        system = {SCORES: {"seeds": [seed], "skills": skills | {f"ensemble_{k}": v for k, v in skills.items()}}}
        for table, attributes in (
            (models.TrialUserAttributeModel, user),
            (models.TrialSystemAttributeModel, system),
        ):
            found[table] += [trial | {"key": key, "value_json": json.dumps(said)} for key, said in attributes.items()]
        found[models.TrialIntermediateValueModel] += [
            trial | {"step": step, "intermediate_value": value * (1 + 1 / step), "intermediate_value_type": "FINITE"}
            for step in range(10, epochs // (2 if is_pruned else 1) + 1, 10)
        ]
    return found
