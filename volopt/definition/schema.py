"""The study file: format, data, model, training, space, phases and objective (design.md, section 2).

The models check each value by itself, ``checks`` what must hold between values; ``load.read`` and
``load.restore`` apply both, and every definition that a study runs on comes from there.
"""

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from volopt.definition.sections import Data, Files, Model, Objective, Published, Training
from volopt.definition.space import KEYS, Entry, Range, choices_type, entry_type, value_type
from volopt.definition.values import Choices, KeyedTable, Name, Scalar, Text, TomlTable, at_most, canonical, whole

__all__ = [
    "KEYS",
    "Choices",
    "Data",
    "Definition",
    "Files",
    "Model",
    "Objective",
    "Phase",
    "Published",
    "Range",
    "Scalar",
    "Training",
]


class Phase(TomlTable):
    """One ``[[phase]]``: a sampler over part of the space; a grid lists its points, others propose trials."""

    name: Name
    sampler: Literal["grid", "tpe", "random", "gp", "cmaes", "qmc"]
    grid: Annotated[
        dict[str, Choices],
        KeyedTable(choices_type),
        Field(description='lists of values of [space], such as { cell = ["RNN", "LSTM"] }'),
    ] = Field(default={})
    vary: Annotated[
        tuple[str, ...],
        AfterValidator(canonical),
        at_most(len(KEYS), "keys"),
        Field(description='a list of keys of [space], such as ["cell", "window"]'),
    ] = ()
    start: Literal["baseline", "best"] = "baseline"
    fix: Annotated[
        dict[str, Scalar],
        KeyedTable(value_type),
        Field(description="keys of [space] with a value each, such as { hidden_size = 25 }"),
    ] = Field(default={})
    trials: Annotated[int, whole(1, 1_000_000)] | None = None
    pruner: Literal["none", "median", "hyperband", "halving", "wilcoxon"] = "none"

    def points(self, definition: "Definition") -> list[dict[str, Any]]:
        """A grid's points, each with every key of ``[space]``; the grid's last key moves fastest."""
        rest = {key: value for key, value in definition.baseline().items() if key in definition.space} | self.fix
        return [rest | dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]


class Definition(TomlTable):
    """A whole study file."""

    format: Annotated[int, Field(strict=True, ge=1, le=1, description="1")]
    name: Name
    title: Text = ""
    seed: Annotated[int, whole(0, 2**32 - 1)] = 0
    data: Data
    model: Model = Model()
    training: Training = Training()
    space: Annotated[
        dict[str, Entry],
        KeyedTable(entry_type),
        Field(description="keys with a list of values or a range, such as { low = 5, high = 100 }"),
    ]
    phases: Annotated[tuple[Phase, ...], Field(alias="phase", min_length=1, description="one or more [[phase]]")]
    objective: Objective = Objective()
    published: Published | None = None

    def baseline(self) -> dict[str, Any]:
        """Every key that a search can vary, with its value in ``[model]`` or ``[training]``."""
        return baseline(dict(self.model), dict(self.training))

    def max_window(self) -> int:
        """The largest window, in days, that any trial may have."""
        entry = self.space.get("window", (self.model.window,))
        return int(entry.high if isinstance(entry, Range) else max(entry))


def baseline(model: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that a search can vary among the values of both tables."""
    return {key: value for key, value in {**training, **model}.items() if key in KEYS}
