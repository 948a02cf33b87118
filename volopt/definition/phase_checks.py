"""What must hold within a phase, between a phase and ``[space]``, and between phases."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from volopt.definition.draft import INVALID, Draft
from volopt.definition.plain import show, show_key
from volopt.definition.space import KEYS, Range, contains, told
from volopt.errors import did_you_mean

MAX_POINTS = 100_000
RANGES_NEEDED = {"cmaes": 2, "qmc": 1}  # without them these samplers would be "random" by another name


def mistakes(draft: Draft) -> Iterator[str]:
    """One line for each mistake, opened by the phase's name."""
    phases = draft.get("phases", [])
    yield from _names(phases)
    if phases and phases[0].get("start") == "best" and phases[0].get("sampler") != "grid":
        yield f'{phases[0]["label"]} start: found "best", but no phase comes before it; write "baseline"'
    yield from _size(phases)
    for phase in phases:
        yield from (f"{phase['label']} {line}" for line in _phase(phase, draft.get("space")))
    yield from _pruners(phases, draft.get("training", {}))


def _names(phases: list[Draft]) -> Iterator[str]:
    for name, count in Counter(phase["name"] for phase in phases if "name" in phase).items():
        if count > 1:
            yield f'phase "{name}": {count} phases have this name; give each its own'


def _size(phases: list[Draft]) -> Iterator[str]:
    """Counts the points of all grids before anyone lists them."""
    lists = [[len(values) for _, values in _valid(phase, "grid")] for phase in phases]
    points = sum(math.prod(lengths) for lengths in lists if lengths)
    if points > MAX_POINTS:
        yield f"phase: the grids have {points:.3g} points together, write at most {MAX_POINTS}"


def _pruners(phases: list[Draft], training: Draft) -> Iterator[str]:
    users = {phase.get("pruner"): phase["label"] for phase in phases}
    if "wilcoxon" not in users:
        return
    if other := next((name for name in ("median", "hyperband", "halving") if name in users), None):
        yield (
            f"{users['wilcoxon']} pruner: found wilcoxon, and {other} in {users[other]}; one compares seeds, "
            "the other epochs, and one file uses one of the two kinds"
        )
    if training.get("seeds") == 1:
        yield f"{users['wilcoxon']} pruner: wilcoxon compares seeds, but training.seeds is 1; write more"


def _phase(phase: Draft, space: Draft | None) -> Iterator[str]:
    if phase.get("sampler") == "grid":
        yield from _grid_sampler(phase)
    elif "sampler" in phase:
        yield from _other_sampler(phase)
    yield from _fix(phase)
    if space is not None:
        yield from _known(phase, space)
        yield from _in_space(phase, space)
        yield from _ranges(phase, space)


def _grid_sampler(phase: Draft) -> Iterator[str]:
    if phase.get("grid") == {}:
        yield 'grid: missing, write lists of values of [space], such as { cell = ["RNN", "LSTM"] }'
    for key, neutral in (("vary", ()), ("start", "baseline"), ("trials", None)):
        if phase.get(key, neutral) != neutral:
            yield f'{key}: is not for sampler = "grid", whose points are all in grid; leave it out'
    if phase.get("pruner", "none") != "none":
        yield 'pruner: is not for sampler = "grid", which finishes every point; leave it out'


def _other_sampler(phase: Draft) -> Iterator[str]:
    sampler = phase["sampler"]
    if phase.get("grid"):
        yield f'grid: is for sampler = "grid", found sampler = "{sampler}"; write vary and trials'
    if phase.get("vary", ...) == ():
        yield f'vary: missing, write the keys of [space] that "{sampler}" proposes values of'
    if phase.get("trials", ...) is None:
        yield "trials: missing, write the phase's total number of trials"


def _fix(phase: Draft) -> Iterator[str]:
    varied = {*phase.get("grid", ()), *phase.get("vary", ())}
    for key in sorted(varied & phase.get("fix", {}).keys()):
        shown = show_key(key)
        yield f"fix.{shown}: the phase also varies {shown}; leave it out in one of the two places"


def _known(phase: Draft, space: Draft) -> Iterator[str]:
    places = [(table, key) for table in ("grid", "fix") for key, _ in _valid(phase, table)]
    for table, key in [*places, *(("vary", key) for key in phase.get("vary", ()))]:
        if key not in space:
            near = did_you_mean(key, space.keys() & KEYS.keys())
            yield f"{table}: {show_key(key)} is not in [space]{near or '; add it there'}"


def _valid(phase: Draft, table: str) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in phase.get(table, {}).items() if value is not INVALID]


def _in_space(phase: Draft, space: Draft) -> Iterator[str]:
    chosen = [("grid", key, value) for key, values in _valid(phase, "grid") for value in values]
    chosen += [("fix", key, value) for key, value in _valid(phase, "fix")]
    for table, key, value in chosen:
        entry = space.get(key, INVALID)
        if entry is not INVALID and not contains(entry, value):
            yield f"{table}.{key}: {show(value)} is not in [space] {key} {told(entry)}"


def _ranges(phase: Draft, space: Draft) -> Iterator[str]:
    needed = RANGES_NEEDED.get(phase.get("sampler", ""), 0)
    entries = [space.get(key, INVALID) for key in phase.get("vary", ())]
    found = sum(isinstance(entry, Range) for entry in entries)
    if entries and INVALID not in entries and found < needed:
        yield f'vary: "{phase["sampler"]}" needs {needed} or more keys with a range in [space], found {found}'
