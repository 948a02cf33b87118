"""The networks: a stack of one cell over the window, a branch for static inputs, and a linear head."""

from pkgutil import resolve_name

import torch
from torch import Tensor, nn

from volopt.models.cells import BRANCH_UNITS, CELLS, JOINED_UNITS


class Recurrent(nn.Module):
    """Stack one cell, with an optional batch norm over its outputs, an optional static branch, and a linear head.

    Without a branch, the head sees the top layer's last day. With a branch, it sees what the branch joins with that
    day, and starts at 0.

    Args:
        cell: a key of ``models.cells.CELLS``; ``none`` leaves out the window and needs a branch.
        features: inputs a day.
        hidden_size: units of each layer.
        num_layers: layers of the stack.
        batch_norm: normalise the top layer's outputs over batch and time, before the head.
        dropout: between layers and in the branch, so it has no effect on a single layer without a branch.
        head_outputs: of the head; the last one is the forecast. Only the published protocol has several.
        static_inputs: of the branch; 0: there is no branch.
    """

    def __init__(
        self,
        cell: str,
        *,
        features: int,
        hidden_size: int,
        num_layers: int,
        batch_norm: bool = False,
        dropout: float = 0.0,
        head_outputs: int = 1,
        static_inputs: int = 0,
    ) -> None:
        super().__init__()
        module = CELLS[cell].module
        self.hidden_size, self.num_layers = (hidden_size, num_layers) if module else (0, 0)
        self.recurrent: nn.Module | None = None
        if module:
            between = dropout if num_layers > 1 else 0.0
            self.recurrent = resolve_name(module)(features, hidden_size, num_layers, dropout=between, batch_first=True)
        self.norm = nn.BatchNorm1d(hidden_size) if batch_norm and module else None
        self.branch = StaticBranch(static_inputs, self.hidden_size, dropout) if static_inputs else None
        self.head = nn.Linear(JOINED_UNITS if self.branch else self.hidden_size, head_outputs)
        if self.branch:
            _start_at_zero(self.head)

    def forward(self, inputs: Tensor, static: Tensor | None = None) -> Tensor:
        """Return the scaled forecast for the day after each window, shape (batch,).

        Args:
            inputs: shape (batch, window, features).
            static: shape (batch, static inputs); a network without a branch does not use them.
        """
        last_day = self._last_day(inputs)
        if self.branch is None:
            forecasts: Tensor = self.head(last_day)
        else:
            forecasts = self.head(self.branch(last_day, static)) + self.branch.linear(static)
        return forecasts[:, -1]

    def _last_day(self, inputs: Tensor) -> Tensor:
        """Return the top layer's outputs on the last day, shape (batch, hidden_size)."""
        if self.recurrent is None:
            return inputs.new_empty(inputs.shape[0], 0)  # ONNX keeps a batch of any size
        outputs, _ = self.recurrent(inputs)  # shape: (batch, window, hidden_size)
        if self.norm is not None:
            outputs = self.norm(outputs.flatten(0, 1)).view_as(outputs)
        last_day: Tensor = outputs[:, -1]
        return last_day

    def layer_gradient_norms(self) -> list[float]:
        """Return the Euclidean norm of the gradient of each recurrent layer's weights, first layer first."""
        named = [] if self.recurrent is None else list(self.recurrent.named_parameters())
        return [
            sum(float(p.grad.norm()) ** 2 for name, p in named if name.endswith(f"_l{layer}") and p.grad is not None)
            ** 0.5
            for layer in range(self.num_layers)
        ]


class StaticBranch(nn.Module):
    """Join the static inputs with the last day of the window.

    A linear path leads around both layers. It starts at 0, as the head does: the first forecast is 0, which is the mean
    of an anchored window.

    Args:
        static_inputs: their number.
        hidden_size: units of the last day.
        dropout: after each layer.
    """

    def __init__(self, static_inputs: int, hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.static = nn.Sequential(nn.Linear(static_inputs, BRANCH_UNITS), nn.SiLU(), nn.Dropout(dropout))
        width = hidden_size + BRANCH_UNITS
        self.joined = nn.Sequential(nn.Linear(width, JOINED_UNITS), nn.SiLU(), nn.Dropout(dropout))
        self.linear = nn.Linear(static_inputs, 1, bias=False)
        _start_at_zero(self.linear)

    def forward(self, last_day: Tensor, static: Tensor) -> Tensor:
        """Return the joined units, shape (batch, JOINED_UNITS)."""
        joined: Tensor = self.joined(torch.cat([last_day, self.static(static)], dim=1))
        return joined


def _start_at_zero(layer: nn.Linear) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
