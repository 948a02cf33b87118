"""A rough price of a fit: enough to start the longest first and to say how long a run will take."""

from volopt.definition.schema import Definition
from volopt.studies.space import Params

# One thread of a 2020s desktop processor, 1313 windows of 19 days: ms an epoch = GATES · layers · (A + B·h + C·h²), a
# fit to RNN and LSTM of 5 to 250 units that lies within about 30 %; small batches pay a little more for each step.
A, B, C = 1.6, 0.27, 0.0015
GATES = {"RNN": 1.0, "LSTM": 1.9, "GRU": 1.7}
MS_PER_STEP = 1.5


def seconds(definition: Definition, params: Params, train_days: int) -> float:
    """Return the estimated CPU seconds of one fit.

    Args:
        definition: the study's.
        params: the trial's.
        train_days: samples an epoch goes through.
    """
    config = definition.baseline() | params
    hidden = config["hidden_size"]
    units = A + B * hidden + C * hidden**2
    work = GATES[config["cell"]] * config["num_layers"] * units * config["window"] / 19 * train_days / 1313
    steps = 1 if config["batch_size"] == "full" else train_days / config["batch_size"]
    return float(definition.training.epochs * (work + MS_PER_STEP * steps) / 1000)
