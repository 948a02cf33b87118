"""Draw test forecasts and actual values of the likely best or the requested trials; of a panel, for one instrument."""

from collections.abc import Sequence

from volopt.comparison.trial_results import baseline_forecasts
from volopt.figures import subplots, words
from volopt.figures.chart import Chart, Subplot
from volopt.figures.forecast_series import ForecastSeries
from volopt.figures.shown_trials import ShownTrial, shown_trials
from volopt.figures.study_view import StudyView
from volopt.metrics import Array
from volopt.studies import listing
from volopt.studies.best_trial import best_baseline
from volopt.studies.trial_file import TrialFile

SELECTION = "The valid split alone chose the likely best trial and the best baseline; the test split was not used."


def chart(view: StudyView, trials: Sequence[int] = (), instrument: str | None = None) -> Chart:
    """Return a subplot for each trial, with the best baseline's forecast of the same days."""
    shown, notes = shown_trials(view, trials, forecasts=True, instrument=instrument)
    series = [each.series for each in shown if each.series]  # of all: the others are left out
    of = f" of {series[0].part.instrument}" if view.is_panel else ""
    return Chart(
        f"Forecast and actual{of} on test" if trials else f"Forecast and actual{of} on test, likely best trial",
        [_subplot(view, *pair) for pair in zip(shown, series, strict=True)],
        notes=(*notes, *(() if trials else (SELECTION,))),
    )


def _subplot(view: StudyView, shown: ShownTrial, series: ForecastSeries) -> Subplot:
    r2 = listing.metrics(shown.trial).get("test_log_r2")
    name = "mean test_log_r2 of all instruments" if view.is_panel else "test_log_r2"
    best = best_baseline(view.baselines)
    of_best = view.baselines[best].get("test_log_r2") if best else None
    beside = "" if of_best is None else f" ({best} {words.number(of_best)})"
    title = [shown.title, "" if r2 is None else f"{name} {words.number(r2)}{beside}", series.flatness]
    cell, target = str(view.values(shown.trial)["cell"]), view.definition.data.target
    baseline = _baseline(view, shown.file, series.part.rows)
    return subplots.forecast(series, cell, target, ", ".join(filter(None, title)), baseline)


def _baseline(view: StudyView, file: TrialFile, rows: slice) -> tuple[str, Array] | None:
    """Return the best baseline by the valid split and its forecasts, or None if they are missing."""
    name = best_baseline(view.baselines)
    forecasts = baseline_forecasts(file, view.artifacts).get(name or "")
    return (name, forecasts["test"][rows]) if name and forecasts else None
