"""Many recurrent networks of one shape as one batched network: a few products compute each day for all of them.

The first dimension is the members. They share nothing but the shape: within the rounding of float32 each computes what
``Recurrent`` computes, regardless of the other members. Shorter windows are aligned to the right. A member's state
stays zero until its first day, and the last day is the same for all.
"""

from collections.abc import Callable
from pkgutil import resolve_name

import torch
from torch import Tensor

from volopt.models.cells import CELLS
from volopt.packs.layout import WeightLayout
from volopt.packs.steps import State, Step

Dropout = Callable[[Tensor, int], Tensor]  # the outputs of a layer, and its index -> the inputs of the next layer


class PackedRecurrent:
    """Hold the networks of the members. Their weights are rows of one matrix, at first all zero."""

    def __init__(self, cell: str, layout: WeightLayout, members: int, device: str = "cpu") -> None:
        packing = CELLS[cell].packing
        assert packing is not None
        self.layout = layout
        self._step: Step = resolve_name(packing.step)
        self.rows = torch.zeros(members, layout.size, device=device)
        # Leaves of autograd that share the rows' memory: an update of the rows updates each parameter.
        self.parameters = {name: view.requires_grad_() for name, view in layout.parameters(self.rows).items()}

    def __call__(self, inputs: Tensor, window_mask: Tensor | None = None, dropout: Dropout | None = None) -> Tensor:
        """Return the scaled forecasts, shape (members, batch).

        Args:
            inputs: shape (members, window, batch, features).
            window_mask: 1 on the days of a member's window, 0 before it, shape (members, window); None: all are 1.
            dropout: applied to the outputs of each layer except the last, shape (members, window, batch, hidden_size).
        """
        for layer in range(self.layout.num_layers):
            outputs = self._layer_outputs(layer, inputs, window_mask)
            if layer + 1 < self.layout.num_layers:
                inputs = torch.stack(outputs, dim=1)
                inputs = dropout(inputs, layer) if dropout else inputs
        weight, bias = self.parameters["head.weight"], self.parameters["head.bias"]
        return torch.baddbmm(bias[:, None], outputs[-1], weight.mT)[..., -1]

    def _layer_outputs(self, layer: int, inputs: Tensor, window_mask: Tensor | None) -> list[Tensor]:
        """Return a layer's output of each day, shape (members, batch, hidden_size)."""
        input_weight, recurrent_weight, input_bias, recurrent_bias = (
            self.parameters[f"recurrent.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        bias = input_bias if self._step.adds_bias else input_bias + recurrent_bias
        projected = torch.baddbmm(bias[:, None], inputs.flatten(1, 2), input_weight.mT)  # of all days at once
        projections = projected.view(*inputs.shape[:3], -1).unbind(1)
        masks = None if window_mask is None else window_mask[:, :, None, None].unbind(1)
        state: State = (inputs.new_zeros(*projections[0].shape[:2], recurrent_weight.shape[-1]),) * self._step.states
        outputs = []
        for day, projection in enumerate(projections):
            state = self._step.function(projection, state, recurrent_weight.mT, recurrent_bias[:, None])
            if masks is not None:
                state = tuple(part * masks[day] for part in state)
            outputs.append(state[0])
        return outputs
