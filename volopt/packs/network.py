"""Many recurrent networks of one shape as one batched network: each step of time is a few products for all of them.

Members stand in the first dimension and share nothing but the shape: the numbers of one are those of ``Recurrent``
within the rounding of float32, whoever stands beside it. A shorter window is aligned to the right, and the state is
kept at zero until the member's first day: the last day of all members is the pack's last.
"""

from collections.abc import Callable
from pkgutil import resolve_name

import torch
from torch import Tensor

from volopt.models.cells import CELLS
from volopt.packs.layout import WeightLayout
from volopt.packs.steps import State, Step

Between = Callable[[Tensor, int], Tensor]  # what stands between two layers: outputs and their layer -> inputs


class PackedRecurrent:
    """Members with their weights as rows of one matrix, all zero at first.

    Args:
        cell: a key of ``models.cells.CELLS`` that has a packing.
        layout: of a row.
        members: how many.
        device: where they are.
    """

    def __init__(self, cell: str, layout: WeightLayout, members: int, device: str = "cpu") -> None:
        packing = CELLS[cell].packing
        assert packing is not None
        self.layout = layout
        self._step: Step = resolve_name(packing.step)
        self.rows = torch.zeros(members, layout.size, device=device)
        # Leaves of autograd that share the rows' memory: an update of the rows is one of each parameter.
        self.parameters = {name: view.requires_grad_() for name, view in layout.parameters(self.rows).items()}

    def __call__(self, inputs: Tensor, alive: Tensor | None = None, between: Between | None = None) -> Tensor:
        """Return the scaled forecasts, shape (members, batch).

        Args:
            inputs: shape (members, window, batch, features).
            alive: 1 where a day is of the member's own window and 0 before, shape (members, window); None: all are.
            between: applied to the outputs of each layer but the last, shape (members, window, batch, hidden_size).
        """
        days = inputs
        for layer in range(self.layout.num_layers):
            outputs = self._outputs(layer, days, alive)
            if layer + 1 < self.layout.num_layers:
                days = torch.stack(outputs, dim=1)
                days = between(days, layer) if between else days
        weight, bias = self.parameters["head.weight"], self.parameters["head.bias"]
        return torch.baddbmm(bias[:, None], outputs[-1], weight.mT)[..., -1]

    def _outputs(self, layer: int, inputs: Tensor, alive: Tensor | None) -> list[Tensor]:
        """Return a layer's output of each day."""
        into, around, into_bias, around_bias = (
            self.parameters[f"recurrent.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        bias = into_bias if self._step.adds_bias else into_bias + around_bias
        projected = torch.baddbmm(bias[:, None], inputs.flatten(1, 2), into.mT)  # of all days at once
        days = projected.view(*inputs.shape[:3], -1).unbind(1)
        awake = None if alive is None else alive[:, :, None, None].unbind(1)
        state: State = (inputs.new_zeros(*days[0].shape[:2], around.shape[-1]),) * self._step.states
        outputs = []
        for index, day in enumerate(days):
            state = self._step.function(day, state, around.mT, around_bias[:, None])
            if awake is not None:
                state = tuple(part * awake[index] for part in state)
            outputs.append(state[0])
        return outputs
