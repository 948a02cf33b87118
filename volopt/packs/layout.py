"""Where the weights of a network stand in a row of numbers, wider networks' weights and narrower ones' alike.

A narrower network is one of the full width whose further units have no weights: they begin at zero, feed nothing, and
so have a gradient of exactly zero, in all three cells (tanh(0) = 0; a half-open gate of zeros passes zeros). A pack
therefore holds networks of several widths as rows of one matrix, and trains each as if it stood alone.
"""

from collections.abc import Mapping
from itertools import accumulate

import torch
from torch import Tensor

from volopt.models.cells import CELLS
from volopt.models.recurrent import Recurrent


class WeightLayout:
    """The order of ``Recurrent.parameters()`` in a row, each parameter at the full width.

    Args:
        cell: a key of ``models.cells.CELLS`` that has a packing.
        features: inputs a day.
        hidden_size: units of each layer, the full width.
        num_layers: layers of the stack.
        head_outputs: outputs of the head.
    """

    def __init__(self, cell: str, *, features: int, hidden_size: int, num_layers: int, head_outputs: int = 1) -> None:
        self.features, self.hidden_size, self.num_layers = features, hidden_size, num_layers
        packing = CELLS[cell].packing
        assert packing is not None
        self._gates = packing.gate_blocks
        with torch.device("meta"):  # only the shapes are asked for
            model = Recurrent(
                cell, features=features, hidden_size=hidden_size, num_layers=num_layers, head_outputs=head_outputs
            )
        self.shapes = {name: value.shape for name, value in model.named_parameters()}
        self.names = list(self.shapes)
        ends = list(accumulate(shape.numel() for shape in self.shapes.values()))
        self.size = ends[-1]  # of a row
        self._spans = dict(zip(self.names, zip([0, *ends[:-1]], ends, strict=True), strict=True))

    def parameters(self, rows: Tensor) -> dict[str, Tensor]:
        """Return views of rows, shape (members, size), as parameters of shape (members, …)."""
        return {name: rows[:, a:b].view(-1, *self.shapes[name]) for name, (a, b) in self._spans.items()}

    def layer(self, layer: int) -> slice:
        """Return the numbers of a row that are a recurrent layer's."""
        own = [self._spans[name] for name in self.names if name.endswith(f"_l{layer}")]
        return slice(own[0][0], own[-1][1])

    def row(self, values: Mapping[str, Tensor], hidden_size: int) -> Tensor:
        """Return the row, shape (size,), of a network with ``hidden_size`` units: its weights, or their moments."""
        row = torch.zeros(self.size)
        for name, own in self._own(row, hidden_size).items():
            own.copy_(values[name].reshape(own.shape))
        return row

    def values(self, row: Tensor, hidden_size: int) -> dict[str, Tensor]:
        """Return what ``row`` took, copied."""
        return {name: own.flatten(0, self._blocks(name)).clone() for name, own in self._own(row, hidden_size).items()}

    def _blocks(self, name: str) -> int:
        return 0 if name.startswith("head") else 1

    def _own(self, row: Tensor, hidden_size: int) -> dict[str, Tensor]:
        """Return the part of each parameter that a network of ``hidden_size`` units has, gates a dimension apart."""
        own = {}
        for name, (whole,) in self.parameters(row[None]).items():
            if name == "head.bias":
                own[name] = whole
            elif name == "head.weight":
                own[name] = whole[:, :hidden_size]
            else:
                blocks = whole.unflatten(0, (self._gates, self.hidden_size))[:, :hidden_size]
                from_features = name == "recurrent.weight_ih_l0"
                own[name] = blocks if from_features or whole.dim() == 1 else blocks[..., :hidden_size]
        return own
