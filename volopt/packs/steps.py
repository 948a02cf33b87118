"""One day of each cell, for all members of a pack at once.

A step takes the day's projection W x + b, the state, the recurrent weight U and the recurrent bias c. It returns the
new state. With n = gate blocks · hidden_size the shapes are: projection (members, batch, n), weight (members,
hidden_size, n), bias (members, 1, n).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

State = tuple[Tensor, ...]  # of one layer, each of shape (members, batch, hidden_size): h, for LSTM h and c


class Step(NamedTuple):
    """Describe the step of a cell.

    Args:
        function: computes the new state.
        states: tensors of a state.
        adds_bias: whether the step itself adds the recurrent bias; else the projection contains it.
    """

    function: Callable[[Tensor, State, Tensor, Tensor], State]
    states: int = 1
    adds_bias: bool = False


def _rnn(projection: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """Return h' = tanh(x + U h), where x is the day's projection (Elman 1990)."""
    return (torch.tanh(torch.baddbmm(projection, state[0], weight)),)


def _lstm(projection: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """Return h' = o tanh(c') and c' = f c + i g (Hochreiter and Schmidhuber 1997), gates in the order i, f, g, o."""
    input_gate, forget_gate, candidate, output_gate = torch.baddbmm(projection, state[0], weight).chunk(4, dim=-1)
    cell = torch.sigmoid(forget_gate) * state[1] + torch.sigmoid(input_gate) * torch.tanh(candidate)
    return torch.sigmoid(output_gate) * torch.tanh(cell), cell


def _gru(projection: Tensor, state: State, weight: Tensor, bias: Tensor) -> State:
    """Return h' = (1 - z) n + z h, n = tanh(x_n + r (U h + c)) (Cho et al. 2014), gates in the order r, z, n."""
    recurrent = torch.baddbmm(bias, state[0], weight)
    sizes = [2 * state[0].shape[-1], state[0].shape[-1]]
    gates, candidate = torch.split(projection, sizes, -1)
    recurrent_gates, recurrent_candidate = torch.split(recurrent, sizes, -1)
    reset, update = torch.sigmoid(gates + recurrent_gates).chunk(2, dim=-1)
    candidate = torch.tanh(candidate + reset * recurrent_candidate)
    return (candidate + update * (state[0] - candidate),)


rnn, lstm, gru = Step(_rnn), Step(_lstm, states=2), Step(_gru, adds_bias=True)
