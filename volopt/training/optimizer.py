"""Adam and AdamW by torch's own function, without torch's optimizer classes.

The classes import torch's compiler when they are made, which volopt does not use. That takes as long as the import of
torch itself, in each worker. ``torch.optim.adam.adam`` is the function that they call, so the numbers are the same, bit
for bit.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam

from volopt.training.state import to_arrays, to_tensors
from volopt.training.task import Arrays

BETAS, EPSILON = (0.9, 0.999), 1e-8  # torch's defaults
RISING, START, END = 0.3, 1 / 25, 1e-4 / 25  # of a cycle: share of its steps, first and last rate over the highest


class Adam:
    """Update weights by Adam (Kingma and Ba 2015), with the weight decay of AdamW (Loshchilov and Hutter 2019).

    Args:
        weights: of the network.
        learning_rate: of all weights, in the next step.
        weight_decay: of AdamW; 0 for Adam.
    """

    def __init__(self, weights: Iterable[Tensor], learning_rate: float, weight_decay: float = 0.0) -> None:
        self.learning_rate = learning_rate
        self._weights, self._weight_decay = list(weights), weight_decay
        self._state = {
            "step": [torch.tensor(0.0) for _ in self._weights],  # on the CPU, as torch has it
            "exp_avg": [torch.zeros_like(each, requires_grad=False) for each in self._weights],
            "exp_avg_sq": [torch.zeros_like(each, requires_grad=False) for each in self._weights],
        }

    @property
    def steps(self) -> int:
        """Return the number of steps so far."""
        return int(self._state["step"][0])

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for each in self._weights:
            each.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update the weights by their gradients.

        Raises:
            ValueError: a weight has no gradient.
        """
        gradients = [each.grad for each in self._weights if each.grad is not None]
        if len(gradients) < len(self._weights):
            raise ValueError("a weight has no gradient, so it has no part in the forecast")
        adam(
            self._weights,
            gradients,
            self._state["exp_avg"],
            self._state["exp_avg_sq"],
            [],
            self._state["step"],
            decoupled_weight_decay=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.learning_rate,
            weight_decay=self._weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def arrays(self) -> Arrays:
        """Return the moments and step counts as ``optimizer.<weight>.<name>``."""
        named = {f"{index}.{name}": each for name, all_ in self._state.items() for index, each in enumerate(all_)}
        return to_arrays("optimizer", named)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Restore what ``arrays`` returned; the learning rate and the decay stay those of this optimizer."""
        for key, value in to_tensors("optimizer", arrays).items():
            index, name = key.split(".")
            self._state[name][int(index)].copy_(value)


def one_cycle(step: int, steps: int, highest: float) -> float:
    """Return the learning rate of one step of a single cycle (Smith and Topin 2018, "Super-Convergence").

    It rises to the highest rate and then falls to almost 0, each time along half a cosine, as in torch's
    ``OneCycleLR`` with its defaults. A formula of the step needs no state.

    Args:
        step: from 0.
        steps: of the whole training.
        highest: learning rate.
    """
    top = RISING * steps - 1
    if step <= top:
        return _half_cosine(highest * START, highest, step / top)
    return _half_cosine(highest, highest * END, (step - top) / (steps - 1 - top))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
