"""minGRU: a GRU whose gate and candidate depend on the input alone (Feng et al. 2024, "Were RNNs All We Needed?")."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class MinGRU(nn.Module):
    """Stack minGRU layers: h' = (1 - z) h + z n, with z = sigmoid(W_z x + b_z) and n = W_n x + b_n.

    The arguments are those of ``torch.nn.RNN``. Layer k has the parameters ``weight_ih_lk`` and ``bias_ih_lk``: first
    the rows of z, then those of n. They start uniform between ±1/√hidden_size, as those of ``torch.nn.GRU`` do.

    Args:
        input_size: features of a day.
        hidden_size: units of each layer.
        num_layers: layers of the stack.
        dropout: between layers.
        batch_first: True, so that windows have the shape (batch, window, features).
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, *, dropout: float = 0.0, batch_first: bool = True
    ) -> None:
        super().__init__()
        assert batch_first
        self.num_layers, self.dropout = num_layers, nn.Dropout(dropout)
        bound = hidden_size**-0.5
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size
            weight, bias = torch.empty(2 * hidden_size, width), torch.empty(2 * hidden_size)
            for name, values in ((f"weight_ih_l{layer}", weight), (f"bias_ih_l{layer}", bias)):
                self.register_parameter(name, nn.Parameter(values.uniform_(-bound, bound)))

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the top layer's outputs and its last state, which starts at 0.

        Args:
            inputs: shape (batch, window, features).

        Returns:
            Outputs, shape (batch, window, hidden_size), and the state, shape (batch, hidden_size).
        """
        outputs = inputs
        for layer in range(self.num_layers):
            days = self.dropout(outputs) if layer else outputs
            projected = linear(days, getattr(self, f"weight_ih_l{layer}"), getattr(self, f"bias_ih_l{layer}"))
            gate, candidate = projected.chunk(2, dim=-1)
            update = torch.sigmoid(gate)
            outputs = _states(1 - update, update * candidate)
        return outputs, outputs[:, -1]


def _states(decay: Tensor, inputs: Tensor) -> Tensor:
    """Return all states of h' = decay · h + input; all shapes are (batch, window, hidden_size).

    Day by day takes 0.4 times as long as a parallel scan on a CPU, for 19 days and for 99.
    """
    state, states = torch.zeros_like(inputs[:, 0]), []
    for day_decay, day_input in zip(decay.unbind(1), inputs.unbind(1), strict=True):
        state = torch.addcmul(day_input, day_decay, state)
        states.append(state)
    return torch.stack(states, dim=1)
