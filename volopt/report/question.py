"""Say what the study asks, and which data it uses."""

from collections.abc import Iterator
from typing import Any

from volopt.definition.schema import Range
from volopt.definition.space import Entry
from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.report.blocks import Block, FactsBlock, TableBlock, TextBlock, short_table
from volopt.studies import listing
from volopt.studies import study as studies


def question(view: StudyView) -> Iterator[Block]:
    """Return what is searched, how it is judged, and the progress of the phases."""
    definition, training = view.definition, view.definition.training
    lowest, lower = ("highest", "higher") if view.maximizes else ("lowest", "lower")
    yield TextBlock(
        f"Which {_join(list(definition.space))} of the network give the {lowest} {view.metric}, when it "
        f"forecasts {definition.data.target} of {view.instrument_label} one trade day ahead?"
    )
    epochs = "" if "epochs" in definition.space else f"for {training.epochs} epochs "
    yield FactsBlock(
        {
            "judged by": f"{words.metric_title(view.metric)}; {lower} is better",
            "a trial is": f"one configuration, trained {epochs}from "
            f"{words.seeds(training.seeds)}{_in_periods(view)}; its value is their mean",
        }
    )
    progress = [f"{phase['done']} of {phase['total']}" for phase in listing.summary(view.study, definition)["phases"]]
    rows = [
        (phase.name, phase.sampler, _join([*phase.grid, *phase.vary]), done)
        for phase, done in zip(definition.phases, progress, strict=True)
    ]
    yield TableBlock("Phases", ("phase", "sampler", "varies", "trials done"), rows)
    defaults = definition.defaults()
    space = [(key, _entry_text(entry), defaults[key]) for key, entry in definition.space.items()]
    yield TableBlock("Search space", ("parameter", "values", "default"), space)
    fixed = {key: value for key, value in defaults.items() if key not in definition.space}
    yield TextBlock(f"Fixed: {words.params(fixed)}." if fixed else "All other settings are those of the study file.")


def data(view: StudyView) -> Iterator[Block]:
    """Return where the data come from, what is forecast from what, and on which days."""
    settings, source = view.definition.data, studies.data_of(view.study)
    yield from (TextBlock(warning, warning=True) for warning in view.warnings)
    yield FactsBlock(
        {
            "provider": source.provider,
            "fingerprint": source.fingerprint[:12],
            "instruments" if view.is_panel else "instrument": view.instrument_label,
            "features": ", ".join(settings.features),
            "static inputs": ", ".join(settings.static) or None,
            "target": settings.target,
            "transform": settings.transform,
            "anchor": settings.anchor,
            "scaling": settings.scaling,
            "files": f"{settings.files.history}, {settings.files.test}" if settings.files else None,
        }
    )
    yield TableBlock("Splits", ("split", "first day", "last day", "days forecast"), list(_splits(view)))
    frames = view.last_run_data.frames
    rows = [(frame.name, frame.first, frame.last, "; ".join(frame.quality)) for frame in frames]
    if view.is_panel:
        yield from short_table("Instruments", ("instrument", "first day", "last day", "quality"), rows)
        yield from short_table("Left out", ("instrument", "reason"), list(view.left_out.items()))
    else:
        yield from (TextBlock(f"{name}: {first} to {last}; {quality}.") for name, first, last, quality in rows)
    published = view.definition.published
    if published is not None:
        yield TextBlock(
            "The study follows the protocol of the paper's notebooks, which other studies should not follow: see "
            "[published] in the study file."
        )
        if published.scale_each_file:
            text = "The scaling used the valid days, and the test file is scaled by its own values."
            yield TextBlock(text, warning=True)
        yield FactsBlock(dict(published))


def _in_periods(view: StudyView) -> str:
    valid = view.definition.data.valid or ()
    return f" for each of {len(valid)} valid periods, on the days before it" if view.has_periods else ""


def _splits(view: StudyView) -> Iterator[tuple[object, ...]]:
    """Return each split with the number of its forecast days, as the last run found them."""
    settings, days = view.definition.data, view.last_run_data.days
    file = view.file(view.complete[0]) if view.complete else None
    for split, span in (("train", settings.train), ("valid", settings.valid_span), ("test", settings.test)):
        dates: Any = file.days[split].date if file and split in file.days else ()
        first, last = span or ((dates[0], dates[-1]) if len(dates) else (None, None))
        yield split, first, last, days.get(split) or len(dates) or None
        if split == "valid" and view.has_periods:
            for number, (first, last) in enumerate(settings.valid or ()):
                counts = [part.days for part in file.parts.get("valid", []) if part.period == number] if file else []
                yield f"valid, period {number + 1}", first, last, sum(counts) or None


def _entry_text(entry: Entry) -> str:
    if isinstance(entry, Range):
        step = f", every {entry.step}" if entry.step else ""
        return f"{words.number(entry.low)} to {words.number(entry.high)}{step}{', log scale' if entry.log else ''}"
    return ", ".join(map(words.number, entry))


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
