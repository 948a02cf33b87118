"""The schema of a study file: format, data, model, training, space, phases and objective.

These models check each value by itself, and ``checks`` compares values. ``load.read`` and ``load.restore`` apply both;
each definition that a study runs on comes from there.
"""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from volopt.definition.sections import Data, ForecastRule, Model, Objective, Published, Training
from volopt.definition.space import KEYS, Entry, Range, choices_type, entry_type, value_type
from volopt.definition.values import (
    Choices,
    KeyedTable,
    Name,
    Scalar,
    Text,
    TomlTable,
    at_most,
    canonical,
    one_of,
    whole,
)
from volopt.pruners import NO_PRUNER, PRUNERS
from volopt.samplers import GRID, REMOVED, SAMPLERS

__all__ = ["Definition", "Objective", "Phase", "Range", "Scalar"]

MAX_BATCH = 1000  # trials of a phase that are asked together

if TYPE_CHECKING:
    SamplerName = str
    PrunerName = str
else:
    SamplerName = Annotated[
        Literal[(*SAMPLERS, *REMOVED)], Field(description=one_of(SAMPLERS))  # stored studies may name a removed one
    ]
    PrunerName = Literal[tuple(PRUNERS)]


def _with_new_word(start: object) -> object:
    return "defaults" if start == "baseline" else start  # study files and studies of earlier versions


class Phase(TomlTable):
    """Hold one ``[[phase]]``: a sampler over part of the space. A grid lists its points, others propose trials."""

    name: Name
    sampler: SamplerName
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
    start: Annotated[Literal["defaults", "best"], BeforeValidator(_with_new_word)] = "defaults"
    fix: Annotated[
        dict[str, Scalar],
        KeyedTable(value_type),
        Field(description="keys of [space] with a value each, such as { hidden_size = 25 }"),
    ] = Field(default={})
    trials: Annotated[int, whole(1, 1_000_000)] | None = None
    pruner: PrunerName = NO_PRUNER
    # Definitions of earlier versions have no such key: without it, they keep their digest.
    batch: Annotated[int, whole(1, MAX_BATCH)] = Field(default=1, exclude_if=lambda batch: batch == 1)

    @property
    def in_generations(self) -> bool:
        """Return whether trials depend on the results of earlier ones, and are therefore asked ``batch`` at a time."""
        return SAMPLERS[self.sampler].learns or self.pruner != NO_PRUNER

    @property
    def is_grid(self) -> bool:
        """Return whether the phase is a grid."""
        return self.sampler == GRID

    def points(self, definition: "Definition") -> list[dict[str, Any]]:
        """Return a grid's points, each with all keys of ``[space]``; the grid's last key changes fastest."""
        rest = {key: value for key, value in definition.defaults().items() if key in definition.space} | self.fix
        return [rest | dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values())]


class Definition(TomlTable):
    """Hold a whole study file."""

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
    # Definitions of earlier versions have no such table: without it, they keep their digest.
    forecast: ForecastRule = Field(default=ForecastRule(), exclude_if=lambda rule: rule == ForecastRule())

    @property
    def fits_a_seed(self) -> int:
        """Return the number of fits of one seed of a trial: one a valid period."""
        return max(1, len(self.data.valid or ()))

    @property
    def fits(self) -> int:
        """Return the number of fits of a trial: one a seed and valid period."""
        return self.training.seeds * self.fits_a_seed

    def defaults(self) -> dict[str, Any]:
        """Return each key that a search can vary, with its value in ``[model]`` or ``[training]``."""
        return defaults(dict(self.model), dict(self.training))

    def max_window(self) -> int:
        """Return the largest window, in days, that a trial may have."""
        entry = self.space.get("window", (self.model.window,))
        return int(entry.high if isinstance(entry, Range) else max(entry))


def defaults(model: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of both tables whose keys a search can vary."""
    return {key: value for key, value in {**training, **model}.items() if key in KEYS}
