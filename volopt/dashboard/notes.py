"""Write the dashboard's notes about a study and its trials, in markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.figures.words import number, seeds
from volopt.studies.attributes import INTERRUPTED
from volopt.studies.best_trial import best_trial
from volopt.studies.listing import summary
from volopt.studies.study import resume_command
from volopt.studies.validated_study import ANOTHER

MAX_LEFT_OUT = 30  # instruments that the note names
METRICS = (
    "train_mse", "valid_mse", "test_mse", "valid_log_r2", "test_log_r2", "test_mase", "test_direction", "flatness",
)  # fmt: skip


def trial_note(row: Mapping[str, Any], definition: Definition) -> str:
    """Return the note of a finished trial from its row of ``listing.trials``: its metrics, or why it failed."""
    if row["state"] == "FAIL":
        reason = row["reason"] or INTERRUPTED
        return f"**FAIL**: {_escaped(reason)}\n\n{_retry_sentence(reason, definition.training.retries)}"
    lines = []
    if row["state"] == "PRUNED":
        epochs = max((seed.get("epochs", 0) for seed in row["seeds"]), default=0)
        planned = (definition.defaults() | row["params"])["epochs"]
        lines.append(f"**PRUNED** after {epochs} of {planned} epochs.\n")
    if row["seeds"]:
        lines += [f"| metric | mean of {seeds(len(row['seeds']))} | lowest | highest |", "|---|---:|---:|---:|"]
        lines += [_metric_row(name, row) for name in METRICS if row["metrics"].get(name) is not None]
    return "\n".join(lines)


def study_note(view: StudyView) -> str:
    """Return the note of a study: its title, data and progress, its best trial, and how to resume it."""
    facts, data = summary(view.study, view.definition), view.definition.data
    features = ", ".join(map(_code, data.features))
    if data.static:
        features += f" and {len(data.static)} static inputs"
    spans = {"train": [data.train], "valid": data.valid or [], "test": [data.test]}
    days = ", ".join(f"{name} {span[0]} to {span[1]}" for name, each in spans.items() for span in each if span)
    phases = ", ".join(
        f"{phase['name']} ({phase['sampler']}) {phase['done']}/{phase['total']}" for phase in facts["phases"]
    )
    left_out = ", ".join(map(_code, list(view.left_out)[:MAX_LEFT_OUT]))
    if len(view.left_out) > MAX_LEFT_OUT:
        left_out += f" and {len(view.left_out) - MAX_LEFT_OUT} more"
    best = best_trial(view.study)
    lines = [
        f"### {_escaped(facts['title'] or facts['name'])}",
        *(f"**{warning}**" for warning in view.warnings),
        f"Forecasts {_code(data.target)} of {_escaped(view.instrument_label)} one trade day ahead, from {features}.",
        *([f"Left out: {left_out}; the report says why."] if left_out else []),
        f"Data: {_code(facts['data']['provider'])}. {f'Days: {days}.' if days else ''}",
        f"Phases: {phases}.",
        *(best.sentences() if best else [] if view.complete else ["No result yet: no trial is COMPLETE."]),
        *([f"Resume it with: {_code(command)}"] if (command := resume_command(view.study)) else []),
        f"`volopt dashboard` has [the report](/report/{facts['name']}).",
    ]
    return "\n\n".join(lines)


def _retry_sentence(reason: str, retries: int) -> str:
    if reason.startswith(ANOTHER):
        return "The trial does not count."
    if reason.startswith(INTERRUPTED):
        return "The study retries this point when it is resumed."
    if not retries:
        return "The study does not retry this point."
    return f"The study retries this point at most {'once' if retries == 1 else f'{retries} times'}."


def _metric_row(name: str, row: Mapping[str, Any]) -> str:
    values: Sequence[float] = [seed[name] for seed in row["seeds"] if seed.get(name) is not None]
    ends = (min(values), max(values)) if values else ("", "")
    return f"| {name} | {number(row['metrics'][name])} | {number(ends[0])} | {number(ends[1])} |"


def _escaped(text: str) -> str:
    """Return a text that markdown shows unchanged."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|~" else letter for letter in text)


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
