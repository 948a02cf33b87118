"""The number of weights, without torch, is that of the real networks."""

from typing import Any

import pytest

from volopt.models.cells import CELLS, count_weights
from volopt.models.recurrent import Recurrent


@pytest.mark.parametrize(
    ("cell", "static"), [(name, static) for name, cell in CELLS.items() for static in (0, 3) if static or cell.module]
)
@pytest.mark.parametrize(("layers", "batch_norm", "outputs"), [(1, False, 1), (3, True, 5)])
def test_weights_are_counted_as_torch_has_them(
    cell: str, static: int, layers: int, batch_norm: bool, outputs: int
) -> None:
    shape: dict[str, Any] = {"features": 4, "hidden_size": 7, "num_layers": layers}
    shape |= {"batch_norm": batch_norm, "head_outputs": outputs, "static_inputs": static}
    network = Recurrent(cell, **shape)
    assert count_weights(cell, **shape) == sum(weights.numel() for weights in network.parameters())
