"""What the study asks, and of which data."""

from collections.abc import Iterator
from typing import Any

from volopt.definition.schema import Definition, Phase, Range
from volopt.definition.space import Entry
from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.report import instruments
from volopt.report.blocks import Block, FactsBlock, TableBlock, TextBlock
from volopt.studies import listing
from volopt.studies import study as studies


def question(subject: StudyView) -> Iterator[Block]:
    """Return what is searched, by what it is judged, and how far the phases are."""
    definition = subject.definition
    objective, training = definition.objective, definition.training
    lowest, lower = ("lowest", "lower") if objective.direction == "minimize" else ("highest", "higher")
    yield TextBlock(
        f"Which {_listed(list(definition.space))} of the network give the {lowest} {objective.metric}, when it "
        f"forecasts {definition.data.target} of {subject.told} one trade day ahead?"
    )
    yield FactsBlock(
        {
            "judged by": f"{words.metric(objective.metric)}; {lower} is better",
            "a trial is": f"one configuration, trained {training.epochs} epochs from {words.seeds(training.seeds)}; "
            "its value is their mean",
        }
    )
    done = {phase["name"]: phase for phase in listing.summary(subject.study, definition)["phases"]}
    rows = [
        (phase.name, phase.sampler, _varies(phase), f"{done[phase.name]['done']} of {done[phase.name]['total']}")
        for phase in definition.phases
    ]
    yield TableBlock("Phases", ("phase", "sampler", "varies", "trials done"), rows)
    baseline = definition.baseline()
    space = [(key, _entry(entry), baseline[key]) for key, entry in definition.space.items()]
    yield TableBlock("What varies", ("parameter", "values", "baseline"), space)
    rest = {key: value for key, value in baseline.items() if key not in definition.space}
    yield TextBlock(f"All else stays: {words.params(rest)}." if rest else "All else stays as the study file has it.")


def data(subject: StudyView) -> Iterator[Block]:
    """Return where the data come from, what is forecast from what, and on which days."""
    said, source = subject.definition.data, studies.data_of(subject.study)
    yield from (TextBlock(note, warning=True) for note in subject.notes)
    yield FactsBlock(
        {
            "provider": source["provider"],
            "fingerprint": source["fingerprint"][:12],
            "instruments" if subject.is_panel else "instrument": subject.told,
            "features": ", ".join(said.features),
            "target": said.target,
            "transform": said.transform,
            "anchor": said.anchor,
            "scaling": said.scaling,
            "files": f"{said.files.history}, {said.files.test}" if said.files else None,
        }
    )
    yield TableBlock("Splits", ("split", "first day", "last day", "days forecast"), list(_splits(subject)))
    yield from instruments.data(subject) if subject.is_panel else _frames(subject)
    if subject.definition.published is not None:
        yield from _published(subject.definition)


def _frames(subject: StudyView) -> Iterator[Block]:
    for frame in subject.recorded.get("frames", []):
        yield TextBlock(f"{frame['name']}: {frame['first']} to {frame['last']}; {'; '.join(frame['quality'])}.")


def _splits(subject: StudyView) -> Iterator[tuple[object, ...]]:
    """Return each split with the days it has to forecast, as the last run found them."""
    said, days = subject.definition.data, subject.recorded.get("days", {})
    result = subject.result(subject.complete[0]) if subject.complete else None
    for split, span in (("train", said.train), ("valid", said.valid), ("test", said.test)):
        dates: Any = result.dates.get(split, ()) if result else ()
        first, last = span or ((dates[0], dates[-1]) if len(dates) else (None, None))
        yield split, first, last, days.get(split) or len(dates) or None


def _published(definition: Definition) -> Iterator[Block]:
    assert definition.published is not None
    yield TextBlock(
        "The study follows the protocol of the paper's notebooks, which one would not follow otherwise: see "
        "[published] in the study file."
    )
    if definition.published.scale_each_file:
        yield TextBlock("Scaling has seen the valid days, and the test file is scaled by itself.", warning=True)
    yield FactsBlock(dict(definition.published))


def _varies(phase: Phase) -> str:
    return _listed([*phase.grid, *phase.vary])


def _entry(entry: Entry) -> str:
    if isinstance(entry, Range):
        step = f", every {entry.step}" if entry.step else ""
        return f"{words.number(entry.low)} to {words.number(entry.high)}{step}{', log scale' if entry.log else ''}"
    return ", ".join(map(words.number, entry))


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
