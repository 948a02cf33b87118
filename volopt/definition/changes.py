"""Decide whether a stored study may go on under a changed definition."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from volopt.definition.load import dump
from volopt.definition.schema import Definition, Phase


def digest(definition: Definition) -> str:
    """Return the SHA-256 of a definition without its title."""
    content = {key: value for key, value in dump(definition).items() if key != "title"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def changes(stored: Definition, new: Definition) -> list[str]:
    """Return the key paths whose change stops a stored study from going on; empty if it can go on.

    It can go on with another title, lists in another order, more grid values, more phases, more trials, more retries,
    and another ``[forecast]``, which no trial uses.
    """
    paths = [*_different(_settings(stored), _settings(new)), *_phases(stored.phases, new.phases)]
    if new.training.retries >= stored.training.retries:  # fewer: trials that were retries would count by themselves
        return [path for path in paths if path != "training.retries"]
    return paths


def _settings(definition: Definition) -> dict[str, Any]:
    return {key: value for key, value in dump(definition).items() if key not in {"title", "phase", "forecast"}}


def _different(stored: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths at which two nested tables differ."""
    for key in sorted(stored.keys() | new.keys()):
        before, after = stored.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _different(before, after, f"{prefix}{key}.")
        elif before != after:
            yield prefix + key


def _phases(stored: tuple[Phase, ...], new: tuple[Phase, ...]) -> Iterator[str]:
    by_name = {phase.name: phase for phase in new}
    for phase in stored:
        if phase.name in by_name:
            yield from (f'phase "{phase.name}" {path}' for path in _phase(phase, by_name[phase.name]))
        else:
            yield f'phase "{phase.name}"'
    common = [phase.name for phase in stored if phase.name in by_name]
    if common != [name for name in by_name if name in common]:
        yield "phase order"  # a phase learns from the trials of the phases before it


def _phase(stored: Phase, new: Phase) -> Iterator[str]:
    growing = {"grid", "trials"}
    yield from _different(stored.model_dump(exclude=growing), new.model_dump(exclude=growing))
    for key in sorted(stored.grid.keys() | new.grid.keys()):
        if key not in stored.grid or set(stored.grid[key]) - set(new.grid.get(key, ())):
            yield f"grid.{key}"
    if (new.trials or 0) < (stored.trials or 0):
        yield "trials"
