"""The layout of a network's weights in a row of numbers, for networks of several widths.

A narrower network is one of the full width whose other units have no weights. Those begin at zero, feed nothing, and so
have a gradient of exactly zero, in all three cells (tanh(0) = 0; a half-open gate of zeros passes zeros). A pack
therefore holds networks of several widths as rows of one matrix, and trains each as if it were alone.
"""

from collections.abc import Mapping
from itertools import accumulate

import torch
from torch import Tensor

from volopt.models.recurrent import Recurrent


class WeightLayout:
    """Map the parameters of networks to spans of a row, each parameter at the full width.

    Args:
        model: a network of the full width; only its shapes are used.
    """

    def __init__(self, model: Recurrent) -> None:
        self.num_layers = model.num_layers
        self._shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        self.names = list(self._shapes)
        rows, hidden_size = self._shapes["recurrent.weight_hh_l0"]
        self._blocks = rows // hidden_size, hidden_size  # a block of rows for each gate
        ends = [0, *accumulate(shape.numel() for shape in self._shapes.values())]
        self._spans = dict(zip(self.names, map(slice, ends, ends[1:]), strict=True))
        self.size = ends[-1]  # of a row

    def parameters(self, rows: Tensor) -> dict[str, Tensor]:
        """Return views of rows, shape (members, size), as parameters of shape (members, …)."""
        return {name: rows[:, span].view(-1, *self._shapes[name]) for name, span in self._spans.items()}

    def layer_span(self, layer: int) -> slice:
        """Return the part of a row with the weights of a recurrent layer."""
        spans = [span for name, span in self._spans.items() if name.endswith(f"_l{layer}")]
        return slice(spans[0].start, spans[-1].stop)

    def row(self, values: Mapping[str, Tensor], hidden_size: int) -> Tensor:
        """Return the row, shape (size,), of a network with ``hidden_size`` units: its weights, or their moments."""
        row = torch.zeros(self.size)
        for name, part in self._used_parts(row, hidden_size).items():
            part.copy_(values[name].reshape(part.shape))
        return row

    def values(self, row: Tensor, hidden_size: int) -> dict[str, Tensor]:
        """Return copies of the values from which ``row`` made this row."""
        parts = self._used_parts(row, hidden_size)
        return {name: part.flatten(0, int(name.startswith("recurrent"))).clone() for name, part in parts.items()}

    def _used_parts(self, row: Tensor, hidden_size: int) -> dict[str, Tensor]:
        """Return the part of each parameter that a network of ``hidden_size`` units uses.

        A recurrent parameter has the shape (gates, hidden_size, …).
        """
        parts = {}
        for name, (part,) in self.parameters(row[None]).items():
            if name.startswith("recurrent"):
                part = part.unflatten(0, self._blocks)[:, :hidden_size]
            if "weight" in name and name != "recurrent.weight_ih_l0":  # its inputs are features, not units
                part = part[..., :hidden_size]
            parts[name] = part
        return parts
