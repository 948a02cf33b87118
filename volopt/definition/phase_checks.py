"""Check each phase of a study file by itself, against ``[space]``, and against the other phases."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from volopt.definition.draft import INVALID, Draft
from volopt.definition.plain_text import show, show_key
from volopt.definition.space import KEYS, Range, contains, describe
from volopt.errors import did_you_mean
from volopt.pruners import NO_PRUNER, PRUNERS
from volopt.samplers import GRID, REMOVED, SAMPLERS

MAX_POINTS = 100_000


def mistakes(draft: Draft) -> Iterator[str]:
    """Yield one line for each mistake, which begins with the phase's name."""
    phases = draft.get("phases", [])
    yield from _names(phases)
    if phases and phases[0].get("start") == "best" and phases[0].get("sampler") != GRID:
        yield f'{phases[0]["label"]} start: found "best", but no phase comes before it; write "defaults"'
    yield from _size(phases)
    for phase in phases:
        yield from (f"{phase['label']} {line}" for line in _phase(phase, draft.get("space")))
    yield from _pruners(phases, draft.get("training", {}), len(draft.get("data", {}).get("valid") or ()))
    yield from _epochs(phases, (draft.get("space") or {}).get("epochs", ()))


def _names(phases: list[Draft]) -> Iterator[str]:
    for name, count in Counter(phase["name"] for phase in phases if "name" in phase).items():
        if count > 1:
            yield f'phase "{name}": {count} phases have this name; give each its own'


def _size(phases: list[Draft]) -> Iterator[str]:
    """Count the points of all grids without listing them."""
    lengths = [[len(values) for _, values in _valid(phase, "grid")] for phase in phases]
    points = sum(math.prod(each) for each in lengths if each)
    if points > MAX_POINTS:
        yield f"phase: the grids have {points:.3g} points together, write at most {MAX_POINTS}"


def _pruners(phases: list[Draft], training: Draft, periods: int) -> Iterator[str]:
    """Refuse pruners that compare seeds beside those that compare epochs: a trial's reports have one kind of step."""
    labels = {phase["pruner"]: phase["label"] for phase in phases if phase.get("pruner", NO_PRUNER) != NO_PRUNER}
    by_seed = next((name for name in labels if PRUNERS[name].reports == "seed"), None)
    if by_seed is None:
        return
    if other := next((name for name in labels if PRUNERS[name].reports != "seed"), None):
        yield (
            f"{labels[by_seed]} pruner: found {by_seed}, and {other} in {labels[other]}; one compares seeds, "
            "the other epochs, and a study file can use only one of the two kinds"
        )
    if training.get("seeds") == 1 and periods <= 1:
        yield f"{labels[by_seed]} pruner: {by_seed} compares seeds, but training.seeds is 1; write more"


def _epochs(phases: list[Draft], entry: Any) -> Iterator[str]:
    """Refuse pruners that compare epochs where trials have different numbers of them."""
    if entry is INVALID or not (isinstance(entry, Range) or len(entry) > 1):
        return
    for phase in phases:
        pruner = phase.get("pruner", NO_PRUNER)
        if pruner != NO_PRUNER and PRUNERS[pruner].reports != "seed":
            yield (
                f"{phase['label']} pruner: {pruner} compares trials at the same epoch, and [space] has several epochs; "
                'write "none" or "wilcoxon", or remove epochs from [space]'
            )


def _phase(phase: Draft, space: Draft | None) -> Iterator[str]:
    if phase.get("sampler") == GRID:
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
    for key, unset in (("vary", ()), ("start", "defaults"), ("trials", None), ("batch", 1)):
        if phase.get(key, unset) != unset:
            yield f'{key}: is not for sampler = "grid", whose points are all in grid; remove it'
    if phase.get("pruner", NO_PRUNER) != NO_PRUNER:
        yield 'pruner: is not for sampler = "grid", which finishes each point; remove it'


def _other_sampler(phase: Draft) -> Iterator[str]:
    sampler = phase["sampler"]
    if phase.get("grid"):
        yield f'grid: is for sampler = "grid", found sampler = "{sampler}"; write vary and trials'
    if phase.get("vary", ...) == ():
        yield f'vary: missing, write the keys of [space] for which "{sampler}" proposes values'
    if phase.get("trials", ...) is None:
        yield "trials: missing, write the total number of trials of the phase"
    if phase.get("batch", 1) > 1 and phase.get("pruner") == NO_PRUNER and not _learns(sampler):
        yield f'batch: "{sampler}" without a pruner learns nothing from earlier trials; remove it'


def _learns(sampler: str) -> bool:
    return sampler in REMOVED or SAMPLERS[sampler].learns


def batches(draft: Draft) -> Iterator[str]:
    """Yield one line for each phase that has fewer trials than one batch; ``--trials`` may ask for fewer."""
    for phase in draft.get("phases", []):
        trials, batch = phase.get("trials"), phase.get("batch", 1)
        if trials is not None and batch > trials:
            yield f"{phase['label']} batch: found {batch}, more than trials = {trials}; write at most {trials}"


def _fix(phase: Draft) -> Iterator[str]:
    varied = {*phase.get("grid", ()), *phase.get("vary", ())}
    for key in sorted(varied & phase.get("fix", {}).keys()):
        shown = show_key(key)
        yield f"fix.{shown}: the phase also varies {shown}; remove it in one of the two places"


def _known(phase: Draft, space: Draft) -> Iterator[str]:
    keys = [(table, key) for table in ("grid", "fix") for key, _ in _valid(phase, table)]
    for table, key in [*keys, *(("vary", key) for key in phase.get("vary", ()))]:
        if key not in space:
            hint = did_you_mean(key, space.keys() & KEYS.keys())
            yield f"{table}: {show_key(key)} is not in [space]{hint or '; add it there'}"


def _valid(phase: Draft, table: str) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in phase.get(table, {}).items() if value is not INVALID]


def _in_space(phase: Draft, space: Draft) -> Iterator[str]:
    values = [("grid", key, value) for key, values in _valid(phase, "grid") for value in values]
    values += [("fix", key, value) for key, value in _valid(phase, "fix")]
    for table, key, value in values:
        entry = space.get(key, INVALID)
        if entry is not INVALID and not contains(entry, value):
            yield f"{table}.{key}: {show(value)} is not in [space] {key} {describe(entry)}"


def _ranges(phase: Draft, space: Draft) -> Iterator[str]:
    sampler = SAMPLERS.get(phase.get("sampler", ""))
    entries = [space.get(key, INVALID) for key in phase.get("vary", ())]
    ranges = sum(isinstance(entry, Range) for entry in entries)
    if sampler and entries and INVALID not in entries and ranges < sampler.min_ranges:
        wanted = f"{sampler.min_ranges} or more keys with a range in [space]"
        yield f'vary: "{phase["sampler"]}" needs {wanted}, found {ranges}'
