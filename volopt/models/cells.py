"""The cells: one entry each, with all that volopt asks about a cell.

To add a cell, write its module beside this file and add an entry to ``CELLS``. This file does not import torch, because
commands that only read a study use it too.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Packing:
    """Describe how a pack computes a cell.

    Args:
        step: the function of one day, as ``module:name``.
        kept_numbers: float32 numbers a unit, day and sample that a layer keeps for its gradients.
        passing_numbers: the same, of what it computes and drops. Both are counted with torch's dispatch
            (``tests/packs/test_memory.py``) and rounded up.
    """

    step: str
    kept_numbers: float
    passing_numbers: float


@dataclass(frozen=True)
class Cell:
    """Describe a cell.

    Args:
        module: the network of a whole stack, as ``module:name``. It takes the arguments of ``torch.nn.RNN``, and
            names the parameters of layer k with the suffix ``_lk``. None: the network leaves out the window, and sees
            static inputs only.
        gates: rows of weights a unit: its gates and its candidate state.
        sees_state: whether they depend on the layer's own state, and so have weights and a bias for it too.
        relative_cost: CPU time of a training step, with the RNN's as 1 (``search.plan``).
        bfloat16_from: units from which ``--precision medium`` is faster on a CPU (``tests/bench/precision.py``); below,
            the conversion costs more. None: it never is.
        autocast: whether ``--precision medium`` works through autocast, else through torch's matmul precision.
        colour: of its lines in figures, hexadecimal RGB.
        packing: how a pack computes it; None where each of its fits is trained alone.
    """

    module: str | None
    gates: int
    sees_state: bool
    relative_cost: float
    bfloat16_from: int | None
    autocast: bool
    colour: str
    packing: Packing | None = None


BRANCH_UNITS, JOINED_UNITS = 64, 32  # of the layers of a static branch (``models.recurrent.StaticBranch``)
# Colour-blind people can tell these colours apart (Okabe and Ito 2008). Costs: one thread of a 2020s desktop processor.
CELLS = {
    "RNN": Cell("torch.nn:RNN", 1, True, 1.0, 32, False, "#D55E00", Packing("volopt.packs.steps:rnn", 3.0, 2.0)),
    "LSTM": Cell("torch.nn:LSTM", 4, True, 1.9, 16, True, "#0072B2", Packing("volopt.packs.steps:lstm", 8.0, 5.0)),
    "GRU": Cell("torch.nn:GRU", 3, True, 1.7, 48, True, "#009E73", Packing("volopt.packs.steps:gru", 9.0, 4.0)),
    "minGRU": Cell("volopt.models.min_gru:MinGRU", 2, False, 1.1, None, False, "#CC79A7"),
    "none": Cell(None, 0, False, 0.0, None, False, "#E69F00"),
}


def count_weights(
    cell: str,
    *,
    features: int,
    hidden_size: int,
    num_layers: int,
    batch_norm: bool = False,
    head_outputs: int = 1,
    static_inputs: int = 0,
) -> int:
    """Return the number of trained weights of a network; the arguments are those of ``models.recurrent.Recurrent``."""
    entry = CELLS[cell]
    width = hidden_size if entry.module else 0
    inputs = [features] + [hidden_size] * (num_layers - 1)
    row = hidden_size + 1 if entry.sees_state else 0
    layers = sum(entry.gates * hidden_size * (each + 1 + row) for each in inputs) + 2 * width * batch_norm
    if static_inputs:
        layers += static_inputs * (BRANCH_UNITS + 1) + BRANCH_UNITS + (width + BRANCH_UNITS + 1) * JOINED_UNITS
        width = JOINED_UNITS
    return layers + (width + 1) * head_outputs
