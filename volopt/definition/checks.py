"""Check the values of a study file against each other. A check runs where the values it reads are valid."""

import itertools
from collections.abc import Iterator
from typing import Any

from volopt.definition import phase_checks
from volopt.definition.draft import INVALID, Draft
from volopt.definition.expressions import parse
from volopt.definition.plain_text import show
from volopt.definition.schema import Range, defaults
from volopt.definition.sections import DIRECTIONS, ForecastRule
from volopt.definition.space import contains, describe
from volopt.definition.units import is_difference, target_kind
from volopt.definition.values import SPAN_WORDS, WEEKDAY_FIELDS, WEEKDAYS
from volopt.samplers import REMOVED

SPLITS = ("train", "valid", "test")


def mistakes(draft: Draft) -> Iterator[str]:
    """Yield one line for each pair of values that contradict each other."""
    yield from _splits(draft.get("data", {}))
    yield from _instruments(draft)
    yield from _source(draft)
    yield from _market(draft)
    yield from _objective(draft.get("objective", {}))
    yield from _defaults_in_space(draft)
    yield from _without_effect(draft)
    yield from _static(draft)
    yield from _training(draft)
    yield from _forecast(draft)
    yield from phase_checks.mistakes(draft)


def removed_samplers(draft: Draft) -> Iterator[str]:
    """Yield one line for each phase whose sampler volopt no longer has."""
    for phase in draft.get("phases", []):
        if phase.get("sampler") in REMOVED:
            yield f'{phase["label"]} sampler: volopt no longer has "{phase["sampler"]}"; write "tpe" or "gp"'


def _splits(data: Draft) -> Iterator[str]:
    periods = data.get("valid") or ()
    for number, (first, second) in enumerate(itertools.pairwise(periods), start=1):
        if second[1] < first[0]:
            yield f"data.valid: period {number + 1} lies before period {number}; write the periods in order of time"
        elif second[0] <= first[1]:
            end = f"{first[1]}, where period {number} ends"
            yield f"data.valid: period {number + 1} begins on {second[0]}; write a day after {end}"
    days = [(name, [data[name]] if name != "valid" else periods) for name in SPLITS if data.get(name)]
    spans = [(name, min(first for first, _ in each), max(last for _, last in each)) for name, each in days]
    for (before, _, last), (after, first, _) in itertools.pairwise(spans):
        if first <= last:
            yield f"data.{after}: begins on {first}; write a day after {last}, where {before} ends"


def _instruments(draft: Draft) -> Iterator[str]:
    data = draft.get("data", {})
    instrument, instruments = data.get("instrument", ...), data.get("instruments", ...)
    if instrument is None and instruments is None:
        yield 'data.instrument: missing, write an instrument\'s name, such as "SH600000", or instruments'
    if instruments in (None, ...):
        return
    if instrument not in (None, ...):
        yield "data.instruments: contradicts data.instrument; write one of them"
    if data.get("files") is not None:
        yield "data.instruments: needs a qlib provider, and data.files names CSV files; write one of them"
    if "full" in _values(draft, "batch_size"):
        yield 'training.batch_size: "full" multiplies the memory of a panel by the window; write a number, such as 512'


def _source(draft: Draft) -> Iterator[str]:
    data = draft.get("data", {})
    if draft.get("published") and data.get("files", ...) is None:
        yield "published: needs two CSV files; write data.files, or remove [published]"
    published = draft.get("published")
    if published and published.get("scale_each_file") and data.get("anchor") == "window_mean":
        yield 'published.scale_each_file: cannot scale an anchored target by file; write data.anchor = "none"'
    if published and len(data.get("valid") or ()) > 1:
        yield "data.valid: [published] has its own split by train_fraction; remove the periods"
    if draft.get("published", ...) is None:
        for name in SPLITS:
            if data.get(name, ...) is None:
                yield f"data.{name}: missing, write {SPAN_WORDS}"


def _market(draft: Draft) -> Iterator[str]:
    """Refuse expressions of other instruments where there are none, and a target that is another's."""
    data = draft.get("data", {})
    is_single = data.get("instruments", ...) is None
    for key in ("target", "features", "static"):
        texts = [data[key]] if key == "target" and key in data else data.get(key, ())
        nodes = sorted({node for text in texts for node in parse(text).markets}, key=lambda node: node.text)
        for node in nodes:
            if key == "target":
                yield f"data.target: {node.text} is not of the instrument itself; write a target of its own fields"
            elif data.get("files") is not None and key == "features":
                yield f"data.{key}: {node.text} needs a qlib provider, and data.files names CSV files; remove one"
            elif is_single and not node.instrument:
                yield (
                    f"data.{key}: {node.text} is over the stocks of a panel, and the study has one instrument; write "
                    "instruments, or an index, such as Of(SH000300, ...)"
                )
    if data.get("static") and data.get("files") is not None and not draft.get("published"):
        yield "data.static: needs a qlib provider, and data.files names CSV files; remove one"


def _objective(objective: Draft) -> Iterator[str]:
    metric, direction = objective.get("metric"), objective.get("direction")
    if metric and direction and direction != DIRECTIONS[metric]:
        yield f'objective.direction: found "{direction}", write "{DIRECTIONS[metric]}" for {metric}'


def _defaults(draft: Draft) -> dict[str, Any]:
    return defaults(draft.get("model", {}), draft.get("training", {}))


def _defaults_in_space(draft: Draft) -> Iterator[str]:
    values = _defaults(draft)
    for key, entry in draft.get("space", {}).items():
        if entry is not INVALID and key in values and not contains(entry, values[key]):
            section = "model" if key in draft.get("model", {}) else "training"
            yield f"{section}.{key}: the default {show(values[key])} is not in [space] {key} {describe(entry)}"


def _values(draft: Draft, key: str) -> list[Any]:
    """Return the values that ``key`` may have in any trial (a range's ends); empty where a mistake hides them."""
    values, entry = _defaults(draft), draft.get("space", {}).get(key, ())
    if key not in values or entry is INVALID:
        return []
    return [values[key], *((entry.low, entry.high) if isinstance(entry, Range) else entry)]


def _without_effect(draft: Draft) -> Iterator[str]:
    dropout, layers = _values(draft, "dropout"), _values(draft, "num_layers")
    if any(dropout) and layers and max(layers) == 1 and "branch" not in _values(draft, "static"):
        yield "model.dropout: works between layers, but num_layers is always 1; write 0.0 or add layers"
    decay, optimizers = _values(draft, "weight_decay"), _values(draft, "optimizer")
    if any(decay) and optimizers and "adamw" not in optimizers:
        yield 'training.weight_decay: needs "adamw", but training.optimizer is always "adam"; write 0.0'
    training = draft.get("training", {})
    if training.get("loss") == "mse" and training.get("huber_delta", 1) != 1:
        yield 'training.huber_delta: needs loss = "huber", but training.loss is "mse"; write 1.0, or change it'
    if training.get("loss_weight") == "instrument" and draft.get("data", {}).get("instruments", ...) is None:
        yield 'training.loss_weight: "instrument" weighs several instruments, and the data have one; write "none"'


def _static(draft: Draft) -> Iterator[str]:
    data, static, cells = draft.get("data", {}), set(_values(draft, "static")), _values(draft, "cell")
    if draft.get("published") and data.get("static"):
        yield "data.static: [published] knows no static inputs; remove one of them"
    elif static == {"none"} and data.get("static"):
        yield 'data.static: no network sees them, because model.static is always "none"; write model.static = "branch"'
    if "branch" in static and data.get("static", ...) == ():
        yield 'model.static: "branch" needs static inputs; write data.static, or "none"'
    for key in ("features", "static"):
        if any(WEEKDAYS in parse(text).all_fields for text in data.get(key, ())):
            yield f"data.{key}: {WEEKDAYS} is five inputs, and static alone may list it; write {WEEKDAY_FIELDS[0]}"
    for text in data.get("static", ()) if data.get("transform") == "log" and "target" in data else ():
        if target_kind(parse(text), parse(data["target"])) == "target" and is_difference(parse(text)):
            yield (
                f"data.static: {text} is read in logs as the target is, and may be negative; write the logarithm of "
                "a ratio, such as Log($volume/Ref($volume,1))"
            )
    if "none" in cells and "none" in static:
        yield 'model.cell: "none" leaves out the window, and model.static may be "none", too; write only "branch"'


def _training(draft: Draft) -> Iterator[str]:
    training = draft.get("training", {})
    if training.get("schedule") == "onecycle" and training.get("early_stopping", "none") != "none":
        yield 'training.schedule: "onecycle" plans all epochs, and early_stopping may end before; write one of them'


def _forecast(draft: Draft) -> Iterator[str]:
    rule, data = draft.get("forecast", {}), draft.get("data", {})
    if data.get("files") is not None and any(rule.get(name) != default for name, default in ForecastRule()):
        yield "forecast: CSV files have no trading calendar to forecast on; remove [forecast] or data.files"
    elif rule.get("combine", "none") != "none" and data.get("static", ...) == ():
        yield 'forecast.combine: combines with baselines on static inputs; write data.static, or combine = "none"'
