"""Forecast against actual on the test split, of the best trial or of those asked for; of a panel, one instrument's."""

from collections.abc import Sequence

from volopt.figures import panels, words
from volopt.figures.chart import Chart, Subplot
from volopt.figures.shown_trials import ShownTrial, chosen
from volopt.figures.study_view import StudyView
from volopt.metrics import Array
from volopt.studies import listing
from volopt.studies.best_trial import best_baseline


def chart(subject: StudyView, trials: Sequence[int] = (), instrument: str | None = None) -> Chart:
    """Return a panel for each trial, with the best baseline's forecast of the same days."""
    found, notes = chosen(subject, trials, forecasts=True, instrument=instrument)
    of = f" of {found[0].traces.share.instrument}" if subject.is_panel else ""
    chose_nothing = "The test split chose nothing: trial and baseline are the best ones by the valid split."
    return Chart(
        f"Forecast and actual{of} on test" if trials else f"Forecast and actual{of} on test, best trial",
        [_panel(subject, each) for each in found],
        subject.about,
        (*subject.notes, *notes, *(() if trials else (chose_nothing,))),
    )


def _panel(subject: StudyView, each: ShownTrial) -> Subplot:
    r2 = listing.metrics(each.trial).get("test_log_r2")
    over = "mean test_log_r2 of all instruments" if subject.is_panel else "test_log_r2"
    told = [each.title, "" if r2 is None else f"{over} {words.number(r2)}", each.traces.flatness]
    cell, target = str(subject.values(each.trial)["cell"]), subject.definition.data.target
    assert each.traces.forecasts is not None  # ``chosen`` left out trials without
    baseline = _baseline(subject, each)
    return panels.forecast(each.traces.forecasts, cell, target, ", ".join(filter(None, told)), baseline)


def _baseline(subject: StudyView, each: ShownTrial) -> tuple[str, Array] | None:
    """Return the best baseline by the valid split and its forecasts, or None where they are gone."""
    name, result = best_baseline(subject.baselines), subject.result(each.trial)
    if name is None or result is None or name not in result.baselines:
        return None
    return name, result.baselines[name]["test"][each.traces.share.rows]
