"""What must hold between the values of a study file; a check runs where its own inputs are valid."""

import itertools
from collections.abc import Iterator
from typing import Any

from volopt.definition import phase_checks
from volopt.definition.draft import INVALID, Draft
from volopt.definition.plain import show
from volopt.definition.schema import Range, baseline
from volopt.definition.sections import DIRECTIONS
from volopt.definition.space import contains, told
from volopt.definition.values import SPAN_WORDS

SPLITS = ("train", "valid", "test")


def mistakes(draft: Draft) -> Iterator[str]:
    """One line for each pair of values that do not go together."""
    yield from _splits(draft.get("data", {}))
    yield from _instruments(draft)
    yield from _source(draft)
    yield from _objective(draft.get("objective", {}))
    yield from _baseline_in_space(draft)
    yield from _without_effect(draft)
    yield from phase_checks.mistakes(draft)


def _splits(data: Draft) -> Iterator[str]:
    spans = [(name, data[name]) for name in SPLITS if data.get(name)]
    for (before, first), (after, second) in itertools.pairwise(spans):
        if second[0] <= first[1]:
            yield f"data.{after}: begins on {second[0]}; write a day after {first[1]}, where {before} ends"


def _instruments(draft: Draft) -> Iterator[str]:
    data = draft.get("data", {})
    one, several = data.get("instrument", ...), data.get("instruments", ...)
    if one is None and several is None:
        yield 'data.instrument: missing, write an instrument\'s name, such as "SH600000", or instruments'
    if several in (None, ...):
        return
    if one not in (None, ...):
        yield "data.instruments: stands beside data.instrument; leave out one of them"
    if data.get("files") is not None:
        yield "data.instruments: are those of a qlib provider, not of data.files; leave out one of them"
    if "full" in _values(draft, "batch_size"):
        yield 'training.batch_size: "full" takes a panel\'s memory times the window; write a number, such as 512'


def _source(draft: Draft) -> Iterator[str]:
    data = draft.get("data", {})
    if draft.get("published") and data.get("files", ...) is None:
        yield "published: is about two CSV files; write data.files too, or leave it out"
    published = draft.get("published")
    if published and published.get("scale_each_file") and data.get("anchor") == "window_mean":
        yield 'published.scale_each_file: cannot scale an anchored target by file; write data.anchor = "none"'
    if draft.get("published", ...) is None:
        for name in SPLITS:
            if data.get(name, ...) is None:
                yield f"data.{name}: missing, write {SPAN_WORDS}"


def _objective(objective: Draft) -> Iterator[str]:
    metric, direction = objective.get("metric"), objective.get("direction")
    if metric and direction and direction != DIRECTIONS[metric]:
        yield f'objective.direction: found "{direction}", write "{DIRECTIONS[metric]}" for {metric}'


def _baseline(draft: Draft) -> dict[str, Any]:
    return baseline(draft.get("model", {}), draft.get("training", {}))


def _baseline_in_space(draft: Draft) -> Iterator[str]:
    base = _baseline(draft)
    for key, entry in draft.get("space", {}).items():
        if entry is not INVALID and key in base and not contains(entry, base[key]):
            section = "model" if key in draft.get("model", {}) else "training"
            yield f"{section}.{key}: the baseline {show(base[key])} is not in [space] {key} {told(entry)}"


def _values(draft: Draft, key: str) -> list[Any]:
    """What ``key`` may be in any trial (a range's ends); empty where a mistake hides it."""
    base, entry = _baseline(draft), draft.get("space", {}).get(key, ())
    if key not in base or entry is INVALID:
        return []
    return [base[key], *((entry.low, entry.high) if isinstance(entry, Range) else entry)]


def _without_effect(draft: Draft) -> Iterator[str]:
    dropout, layers = _values(draft, "dropout"), _values(draft, "num_layers")
    if any(dropout) and layers and max(layers) == 1:
        yield "model.dropout: acts between layers, but num_layers is 1 everywhere; write 0.0 or add layers"
    decay, optimizers = _values(draft, "weight_decay"), _values(draft, "optimizer")
    if any(decay) and optimizers and "adamw" not in optimizers:
        yield 'training.weight_decay: needs "adamw", but training.optimizer is "adam" everywhere; write 0.0'
