"""The networks: a stack of one cell with a linear head on the last day."""

from pkgutil import resolve_name

from torch import Tensor, nn

from volopt.models.cells import CELLS


class Recurrent(nn.Module):
    """Stack one cell, with an optional batch norm over its outputs and a linear head.

    Args:
        cell: a key of ``models.cells.CELLS``.
        features: inputs a day.
        hidden_size: units of each layer.
        num_layers: layers of the stack.
        batch_norm: normalise the top layer's outputs over batch and time, before the head.
        dropout: between layers, so it has no effect on a single layer.
        head_outputs: of the head; the last one is the forecast. Only the published protocol has several.
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
    ) -> None:
        super().__init__()
        self.hidden_size, self.num_layers = hidden_size, num_layers
        between = dropout if num_layers > 1 else 0.0
        stack = resolve_name(CELLS[cell].module)
        self.recurrent: nn.Module = stack(features, hidden_size, num_layers, dropout=between, batch_first=True)
        self.norm = nn.BatchNorm1d(hidden_size) if batch_norm else None
        self.head = nn.Linear(hidden_size, head_outputs)

    def forward(self, inputs: Tensor) -> Tensor:  # shape: (batch, window, features) -> (batch,)
        """Return the scaled forecast for the day after each window."""
        outputs, _ = self.recurrent(inputs)  # shape: (batch, window, hidden_size)
        if self.norm is not None:
            outputs = self.norm(outputs.flatten(0, 1)).view_as(outputs)
        forecast: Tensor = self.head(outputs[:, -1])[:, -1]
        return forecast

    def layer_gradient_norms(self) -> list[float]:
        """Return the Euclidean norm of the gradient of each recurrent layer's weights, first layer first."""
        return [
            sum(
                float(p.grad.norm()) ** 2
                for name, p in self.recurrent.named_parameters()
                if name.endswith(f"_l{layer}") and p.grad is not None
            )
            ** 0.5
            for layer in range(self.num_layers)
        ]
