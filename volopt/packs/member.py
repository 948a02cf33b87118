"""A fit in a pack: what ``training.fit`` keeps of it, but for its tensors, and how these become a state and back."""

from dataclasses import dataclass

import torch
from torch import Tensor

from volopt.errors import TrainingError
from volopt.packs.layout import WeightLayout
from volopt.packs.shape import Data
from volopt.training.curves import Curves
from volopt.training.history import TrainingHistory
from volopt.training.network import seeded
from volopt.training.state import generator_arrays, to_arrays, to_tensors
from volopt.training.task import Arrays, State, Task
from volopt.windows.dataset import Dataset

MOMENTS = ("exp_avg", "exp_avg_sq")  # as torch names them


@dataclass
class PackMember:
    """One fit of a pack."""

    task: Task
    data: Data
    course: TrainingHistory
    order: torch.Generator  # of its batches
    cuda: Arrays  # the CUDA generator with which it began: a pack draws nothing from it
    has_best: bool
    error: TrainingError | None = None  # that it failed of
    rests_with: State | None = None  # not None: it was given away, and goes on only from here

    @classmethod
    def of(cls, task: Task, dataset: Dataset, data: Data, arrays: Arrays) -> "PackMember":
        """Return the member that stands where a state's arrays, or those of ``begun``, say."""
        order = torch.Generator()
        order.set_state(to_tensors("generator", arrays)["cpu"])
        return cls(
            task,
            data,
            TrainingHistory(task, dataset, data["valid"], Curves.from_arrays(arrays)),
            order,
            cuda={name: value for name, value in arrays.items() if name == "generator.cuda"},
            has_best=any(name.startswith("best.") for name in arrays),
        )

    def state(self, layout: WeightLayout, rows: Tensor, steps: float) -> State:
        """Return the state to go on from, in a pack or alone.

        Args:
            layout: of a row.
            rows: weights, first and second moments and best weights, shape (4, size), on the CPU.
            steps: updates so far.
        """
        weights, first, second, best = (layout.values(row, self.task.config.hidden_size) for row in rows)
        arrays = to_arrays("weights", weights) | (to_arrays("best", best) if self.has_best else {})
        for index, name in enumerate(layout.names):
            values = (torch.tensor(steps), first[name], second[name])
            arrays |= to_arrays(f"optimizer.{index}", dict(zip(("step", *MOMENTS), values, strict=True)))
        arrays |= to_arrays("generator", {"cpu": self.order.get_state()}) | self.cuda
        return State(self.course.epoch, arrays | self.course.curves.to_arrays())


def begun(task: Task, features: int) -> Arrays:
    """Return the arrays of a fit that is yet to be trained: weights and generators as it has them when it is alone."""
    model = seeded(task, features)
    return to_arrays("weights", model.state_dict()) | generator_arrays(task.device) | Curves().to_arrays()


def rows_of(layout: WeightLayout, arrays: Arrays, hidden_size: int) -> tuple[Tensor, float]:
    """Return a state's rows as ``PackMember.state`` takes them, and its count of updates."""
    moments = {name: to_tensors(f"optimizer.{index}", arrays) for index, name in enumerate(layout.names)}
    first, second = ({name: each[kind] for name, each in moments.items() if each} for kind in MOMENTS)
    kinds = [to_tensors("weights", arrays), first, second, to_tensors("best", arrays)]
    rows = [layout.row(kind, hidden_size) if kind else torch.zeros(layout.size) for kind in kinds]
    return torch.stack(rows), float(moments["head.bias"].get("step", 0.0))
