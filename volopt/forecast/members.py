"""The pooled baselines of a bundle, which forecast beside its networks: as named arrays, and their forecasts."""

from collections.abc import Mapping

import numpy as np

from volopt.baselines import pooled
from volopt.baselines.methods import lagged
from volopt.forecast.walk_forward.combine import NETWORK, combined
from volopt.metrics import Array
from volopt.training.task import Arrays
from volopt.windows.dataset import Dataset
from volopt.windows.scaling import Scaling
from volopt.windows.scoring import log_floor
from volopt.windows.static import standardised, static_scaling

CENTER, SCALE = "static.center", "static.scale"  # of the static inputs
OUTPUT_SCALE, FLOOR = "output.scale", "floor"  # of each instrument


def fit_members(dataset: Dataset, window: int) -> Arrays:
    """Return the fitted pooled baselines of a dataset as arrays, with all that their forecasts need.

    Args:
        dataset: with static inputs.
        window: input days, whose mean log target is the level: ``[model] window``.
    """
    center, scale = static_scaling(dataset, window)
    own = range(len(dataset.series))
    scales = np.array([pooled.outputs_of(dataset, index, window).scale for index in own])
    floors = np.array([log_floor(dataset, window, index) for index in own])
    models = pooled.pooled_models(dataset, window)
    named = {f"{name}.{key}": values for name, arrays in models.items() for key, values in arrays.items()}
    return {CENTER: center, SCALE: scale, OUTPUT_SCALE: scales, FLOOR: floors, **named}


def combine_with_members(
    arrays: Mapping[str, np.ndarray],
    weights: Mapping[str, float],
    dataset: Dataset,
    rows: range,
    window: int,
    instrument: int,
    network: Array,
) -> Array:
    """Return the combination of networks and pooled baselines, original units, shape (rows,).

    Args:
        arrays: of ``fit_members``, which ``are_valid`` accepts.
        weights: of each member.
        dataset: of a single series.
        rows: to forecast, ``window`` or more.
        window: as in ``fit_members``.
        instrument: the number of the series among those that were fitted.
        network: forecast of the rows, original units.
    """
    inputs = standardised(dataset, 0, rows, window, Scaling(arrays[CENTER], arrays[SCALE]))
    log = np.log(np.maximum(dataset.series[0].target, arrays[FLOOR][instrument]))
    outputs = pooled.Outputs(lagged(log, window).mean(axis=1), float(arrays[OUTPUT_SCALE][instrument]))
    forecasts = {NETWORK: network}
    for name in pooled.MODELS:
        forecasts[name] = outputs.forecast(pooled.output(name, _of_model(name, arrays), inputs), rows)
    return combined(forecasts, weights, log=dataset.log)


def are_valid(arrays: Mapping[str, np.ndarray], inputs: int, instruments: int) -> bool:
    """Return whether arrays, which may come from a stranger, are those of ``fit_members``.

    Args:
        arrays: by name.
        inputs: the number of static inputs.
        instruments: the number of series that were fitted.
    """
    shapes = {CENTER: (inputs,), SCALE: (inputs,), OUTPUT_SCALE: (instruments,), FLOOR: (instruments,)}
    numbers = {name: arrays.get(name, np.empty(0)) for name in shapes}
    return (
        all(values.shape == shapes[name] and values.dtype == np.float64 for name, values in numbers.items())
        and all(np.isfinite(values).all() and (name == CENTER or values.min() > 0) for name, values in numbers.items())
        and all(model.is_valid(_of_model(name, arrays), inputs) for name, model in pooled.MODELS.items())
    )


def _of_model(name: str, arrays: Mapping[str, np.ndarray]) -> Arrays:
    return {key.removeprefix(f"{name}."): each for key, each in arrays.items() if key.startswith(f"{name}.")}
