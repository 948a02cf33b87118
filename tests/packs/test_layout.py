"""Weights as rows: each network comes back as it went in, whatever the width of the row."""

import pytest
import torch

from volopt.models.cells import CELLS
from volopt.models.recurrent import Recurrent
from volopt.packs.layout import WeightLayout


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.packing])
@pytest.mark.parametrize("hidden_size", [1, 3, 5])
@pytest.mark.parametrize("head_outputs", [1, 5])
def test_a_network_comes_back_from_a_row_of_any_width(cell: str, hidden_size: int, head_outputs: int) -> None:
    layout = WeightLayout(cell, features=2, hidden_size=5, num_layers=12, head_outputs=head_outputs)
    model = Recurrent(cell, features=2, hidden_size=hidden_size, num_layers=12, head_outputs=head_outputs)
    row = layout.row(model.state_dict(), hidden_size)
    found = layout.values(row, hidden_size)
    assert list(found) == [name for name, _ in model.named_parameters()]
    for name, parameter in model.named_parameters():
        assert torch.equal(found[name], parameter)
    assert int(row.count_nonzero()) == sum(p.numel() for p in model.parameters())


def test_parameters_of_rows_are_views_in_torchs_shapes_and_order() -> None:
    layout = WeightLayout("GRU", features=2, hidden_size=3, num_layers=2)
    rows = torch.randn(4, layout.size)
    model = Recurrent("GRU", features=2, hidden_size=3, num_layers=2)
    found = layout.parameters(rows)
    for (name, parameter), (own, view) in zip(model.named_parameters(), found.items(), strict=True):
        assert (own, view.shape) == (name, (4, *parameter.shape))
        assert view.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()


def test_a_layers_numbers_are_those_of_its_own_four_parameters() -> None:
    layout = WeightLayout("RNN", features=2, hidden_size=3, num_layers=12)  # more than ten: layer 1 is not layer 11
    sizes = [layout.layer(layer).stop - layout.layer(layer).start for layer in range(12)]
    assert sizes == [3 * 2 + 9 + 6, *[9 + 9 + 6] * 11]
    assert layout.layer(11).stop == layout.size - 4
