"""Estimate the time of a fit: good enough to start the longest first, and to say how long a run takes."""

from volopt.definition.schema import Definition
from volopt.models.cells import CELLS
from volopt.studies.space import Params

# One thread of a 2020s desktop processor, 1313 windows of 19 days. An epoch takes relative cost · layers ·
# (A + B·h + C·h²) ms, with h units. This fits RNN and LSTM of 5 to 250 units within about 30 %. Small batches cost a
# little more for each step.
A, B, C = 1.6, 0.27, 0.0015
MS_PER_STEP = 1.5


def seconds(definition: Definition, params: Params, train_days: int) -> float:
    """Return the estimated CPU seconds of one fit.

    Args:
        definition: the study's.
        params: the trial's.
        train_days: samples of an epoch.
    """
    config = definition.baseline() | params
    units = config["hidden_size"]
    layers = CELLS[config["cell"]].relative_cost * config["num_layers"]
    work = layers * (A + B * units + C * units**2) * config["window"] / 19 * train_days / 1313
    steps = 1 if config["batch_size"] == "full" else train_days / config["batch_size"]
    return float(definition.training.epochs * (work + MS_PER_STEP * steps) / 1000)
