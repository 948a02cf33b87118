"""Studies whose values by seed are known, as the analysis of importance reads them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import create_trial

from builders import SOURCE, STUDY, definition
from volopt.definition.schema import Definition
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE, SCORES
from volopt.studies.space import distributions

ERRORS = STUDY + '\n[objective]\nmetric = "valid_mse"\n'
GRID = [{"cell": cell, "hidden_size": size} for cell in ("RNN", "LSTM") for size in (3, 5)]
Row = tuple[str, dict[str, Any], Sequence[float | None]]  # phase, parameters, values by seed


def stored(rows: Sequence[Row], text: str = ERRORS) -> tuple[optuna.Study, Definition]:
    """Return a study with a COMPLETE trial for each row, and its definition."""
    parsed = definition(text)
    study = studies.open_or_create(InMemoryStorage(), parsed, SOURCE)
    for phase, params, values in rows:
        scores = [{"seed": seed, parsed.objective.metric: value} for seed, value in enumerate(values)]
        point = {key: value for key, value in parsed.defaults().items() if key in parsed.space} | params
        study.add_trial(
            create_trial(
                value=float(np.mean([value or 1.0 for value in values])),
                params=point,
                distributions=distributions(parsed),
                user_attrs={PHASE: phase},
                system_attrs={SCORES: {"seeds": scores, "skills": {}}},
            )
        )
    return study, parsed


def grid_rows(value: Callable[..., Sequence[float | None]]) -> list[Row]:
    """Return the rows of the grid ``width``; ``value`` takes the parameters."""
    return [("width", params, value(**params)) for params in GRID]


def random_rows(count: int, seeds: int = 2, noise: float = 0.05, phase: str = "extend") -> list[Row]:
    """Return rows at random places whose error depends on the learning rate."""
    generator, rows = np.random.default_rng(0), []
    for _ in range(count):
        rate = float(10 ** generator.uniform(-4, -1))
        params = {"window": int(generator.integers(2, 7)), "learning_rate": rate}
        values = np.exp(abs(np.log10(rate) + 2.5) + noise * generator.standard_normal(seeds))
        rows.append((phase, params, values.tolist()))
    return rows
