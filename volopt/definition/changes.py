"""Whether a study may go on under a changed definition (design.md, section 7)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from volopt.definition.load import dump
from volopt.definition.schema import Definition, Phase


def digest(definition: Definition) -> str:
    """The SHA-256 of all that a definition says, but for its title."""
    said = {key: value for key, value in dump(definition).items() if key != "title"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def changes(stored: Definition, new: Definition) -> list[str]:
    """The key paths whose change keeps a stored study from going on; empty if it can.

    It can with another title, lists in another order, more grid values, more phases, more trials, more retries.
    """
    found = [*_different(_settings(stored), _settings(new)), *_phases(stored.phases, new.phases)]
    if new.training.retries >= stored.training.retries:  # fewer: what was tried again would count as trials of its own
        return [path for path in found if path != "training.retries"]
    return found


def _settings(definition: Definition) -> dict[str, Any]:
    return {key: value for key, value in dump(definition).items() if key not in {"title", "phase"}}


def _different(stored: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The paths at which two nested tables differ."""
    for key in sorted(stored.keys() | new.keys()):
        before, after = stored.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _different(before, after, f"{prefix}{key}.")
        elif before != after:
            yield prefix + key


def _phases(stored: tuple[Phase, ...], new: tuple[Phase, ...]) -> Iterator[str]:
    now = {phase.name: phase for phase in new}
    for phase in stored:
        if phase.name in now:
            yield from (f'phase "{phase.name}" {path}' for path in _phase(phase, now[phase.name]))
        else:
            yield f'phase "{phase.name}"'
    kept = [phase.name for phase in stored if phase.name in now]
    if kept != [name for name in now if name in kept]:
        yield "phase order"  # a later phase learns from the trials of those before it


def _phase(stored: Phase, new: Phase) -> Iterator[str]:
    apart = {"grid", "trials"}
    yield from _different(stored.model_dump(exclude=apart), new.model_dump(exclude=apart))
    for key in sorted(stored.grid.keys() | new.grid.keys()):
        if key not in stored.grid or set(stored.grid[key]) - set(new.grid.get(key, ())):
            yield f"grid.{key}"
    if (new.trials or 0) < (stored.trials or 0):
        yield "trials"
