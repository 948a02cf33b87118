"""Weights as rows: each network is restored exactly, for any width of the row."""

import pytest
import torch

from volopt.models.cells import CELLS
from volopt.models.recurrent import Recurrent
from volopt.packs.layout import WeightLayout


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.packing])
@pytest.mark.parametrize("hidden_size", [1, 3, 5])
@pytest.mark.parametrize("head_outputs", [1, 5])
def test_a_network_is_restored_from_a_row_of_any_width(cell: str, hidden_size: int, head_outputs: int) -> None:
    model, widest = (
        Recurrent(cell, features=2, hidden_size=width, num_layers=12, head_outputs=head_outputs)
        for width in (hidden_size, 5)
    )
    layout = WeightLayout(widest)
    row = layout.row(model.state_dict(), hidden_size)
    values = layout.values(row, hidden_size)
    assert list(values) == [name for name, _ in model.named_parameters()]
    for name, parameter in model.named_parameters():
        assert torch.equal(values[name], parameter)
    assert int(row.count_nonzero()) == sum(parameter.numel() for parameter in model.parameters())


def test_parameters_of_rows_are_views_in_torchs_shapes_and_order() -> None:
    model = Recurrent("GRU", features=2, hidden_size=3, num_layers=2)
    layout = WeightLayout(model)
    rows = torch.randn(4, layout.size)
    parameters = layout.parameters(rows)
    for (name, parameter), (view_name, view) in zip(model.named_parameters(), parameters.items(), strict=True):
        assert (view_name, view.shape) == (name, (4, *parameter.shape))
        assert view.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()


def test_the_span_of_a_layer_contains_its_four_parameters() -> None:
    # More than ten layers: layer 1 is not layer 11.
    layout = WeightLayout(Recurrent("RNN", features=2, hidden_size=3, num_layers=12))
    spans = [layout.layer_span(layer) for layer in range(12)]
    assert [span.stop - span.start for span in spans] == [3 * 2 + 9 + 6, *[9 + 9 + 6] * 11]
    assert spans[11].stop == layout.size - 4
