"""Notes in markdown: what the dashboard says beside a study and beside each trial."""

from collections.abc import Mapping, Sequence
from typing import Any

from volopt.definition.schema import Data, Definition
from volopt.figures.study_view import StudyView
from volopt.figures.words import number, seeds
from volopt.studies.attributes import INTERRUPTED
from volopt.studies.best_trial import standing
from volopt.studies.listing import summary
from volopt.studies.study import runs
from volopt.studies.validated import ANOTHER

MOST = 30  # instruments left out that are named
METRICS = (
    "train_mse", "valid_mse", "test_mse", "valid_log_r2", "test_log_r2", "test_mase", "test_direction", "flatness",
)  # fmt: skip


def of_trial(row: Mapping[str, Any], definition: Definition) -> str:
    """Return the note of a finished trial: its metrics over the seeds, or the reason why it has none.

    Args:
        row: as ``studies.listing`` tells of it: state, metrics, seeds and reason.
        definition: the study's.
    """
    if row["state"] == "FAIL":
        reason = row["reason"] or INTERRUPTED
        return f"**FAIL**: {_inline(reason)}\n\n{_again(reason, definition.training.retries)}"
    lines = []
    if row["state"] == "PRUNED":
        epochs = max((each.get("epochs", 0) for each in row["seeds"]), default=0)
        lines.append(f"**PRUNED** after {epochs} of {definition.training.epochs} epochs.\n")
    if row["seeds"]:
        lines += [f"| metric | mean of {seeds(len(row['seeds']))} | lowest | highest |", "|---|---:|---:|---:|"]
        lines += [_metric(name, row) for name in METRICS if row["metrics"].get(name) is not None]
    return "\n".join(lines)


def of_study(subject: StudyView) -> str:
    """Return the note of a study: what it is, on which data, how far it is, and how to go on with it."""
    found = summary(subject.study, subject.definition)
    data = subject.definition.data
    features = ", ".join(map(_code, data.features))
    phases = ", ".join(f"{each['name']} ({each['sampler']}) {each['done']}/{each['total']}" for each in found["phases"])
    against = standing(subject.study)
    record = runs(subject.study)
    lines = [
        f"### {_inline(found['title'] or found['name'])}",
        *(f"**{note}**" for note in subject.notes),
        f"Forecasts {_code(data.target)} of {_inline(subject.told)} one trade day ahead, from {features}.",
        *_left_out(subject.left_out),
        f"Data: {_code(found['data']['provider'])}. {_days(data)}",
        f"Phases: {phases}.",
        *(against.sentences() if against else []),
        *(f"To go on with it: {_code(each['command'])}" for each in record[-1:] if "command" in each),
        f"`volopt dashboard` has [the report](/report/{found['name']}).",
    ]
    return "\n\n".join(lines)


def _left_out(found: Mapping[str, str]) -> list[str]:
    """Return a line that names the instruments of a panel that were left out."""
    names = ", ".join(map(_code, list(found)[:MOST]))
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return [f"Left out: {names}{more}; the report says why."] if found else []


def _again(reason: str, retries: int) -> str:
    if reason.startswith(ANOTHER):
        return "It counts for nothing."
    if reason.startswith(INTERRUPTED):
        return "The point is tried again when the study goes on."
    if not retries:
        return "The point is not tried again."
    return f"The point is tried again, {'once' if retries == 1 else f'{retries} times'} at most."


def _days(data: Data) -> str:
    spans = {name: getattr(data, name) for name in ("train", "valid", "test")}
    told = [f"{name} {span[0]} to {span[1]}" for name, span in spans.items() if span]
    return f"Days: {', '.join(told)}." if told else ""


def _metric(name: str, row: Mapping[str, Any]) -> str:
    values: Sequence[float] = [each[name] for each in row["seeds"] if each.get(name) is not None]
    ends = (min(values), max(values)) if values else ("", "")
    return f"| {name} | {number(row['metrics'][name])} | {number(ends[0])} | {number(ends[1])} |"


def _inline(text: str) -> str:
    """Return a text that markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|~" else letter for letter in text)


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
