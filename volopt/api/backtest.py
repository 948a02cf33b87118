"""Walk the configuration of a study forward over past years."""

import math
from typing import TYPE_CHECKING, Any

from volopt.api import arguments
from volopt.api.arguments import AnyDay, AnyPath
from volopt.api.notices import warn, warn_if_synthetic

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from volopt.forecast.backtest import Backtest
    from volopt.forecast.local import Watch
    from volopt.forecast.walk_forward.periods import RefitFrequency
    from volopt.forecast.walk_forward.scores import Score

REFITS = ("year", "quarter", "never")


def backtest(
    name: str,
    *,
    from_: AnyDay,
    to: AnyDay | None = None,
    refit: "RefitFrequency" = "year",
    coverage: float = 0.8,
    trial: int | str = "likely",
    workers: int | None = None,
    device: str | None = None,
    precision: str = "highest",
    data: AnyPath | None = None,
    storage: str | None = None,
    progress: "bool | Watch" = True,
) -> "BacktestResult":
    """Refit the configuration of a study on the past alone, forecast what comes next, and go on.

    The arguments are the options of ``volopt backtest``; ``from`` is a word of Python, so it ends with an underscore.
    Fits are stored: after an interrupt the same call resumes. It warns if the data are synthetic, and of instruments
    that are left out.

    Args:
        name: of the study.
        from_: the first day to forecast.
        to: the last one; None for the end of the data.
        refit: how often: year, quarter or never.
        coverage: target of the intervals.
        trial: a number, likely, simplest, best, or parameters as in "cell=LSTM,hidden_size=25".
        workers: processes that train; None for one a core.
        device: auto, cpu, cuda or cuda:N.
        precision: highest or medium.
        data: the data directory; None for the one that the study was run on.
        storage: URL of the database.
        progress: whether to print a line for each period, or what to report the fits to.

    Raises:
        VoloptError: an argument, the study, the trial or the data is wrong, or a fit failed.
    """
    from volopt.api.progress import watch_fits
    from volopt.forecast import backtest as walk
    from volopt.forecast.configuration import load_source
    from volopt.forecast.local import local_context

    first, last = arguments.day("from", from_), arguments.optional_day("to", to)
    arguments.choice("refit", refit, REFITS)
    target = arguments.coverage_share(coverage)
    processes, named_device = arguments.workers_count(workers), arguments.device_name(device)
    arguments.choice("precision", precision, arguments.PRECISIONS)
    walk.check_range(first, last)
    url, directory = arguments.storage_url(storage), arguments.data_directory(data)
    source = load_source(url, name, str(trial), directory, last)
    context = local_context(source.artifacts, processes, named_device, precision, watch_fits(progress))
    result = walk.backtest(source, first, last, refit, target, context)
    warn_if_synthetic(source.panel.source.synthetic)
    warn(result.left_out.values())
    return BacktestResult(result, synthetic=source.panel.source.synthetic)


class BacktestResult:
    """Hold a backtest as tables and as a figure; ``volopt/forecast/backtest.py`` describes ``scores``."""

    def __init__(self, scores: "Backtest", *, synthetic: bool) -> None:
        self.scores, self.synthetic = scores, synthetic

    def years(self) -> "pd.DataFrame":
        """Return a row for each year with its scores.

        ``skill_…`` is the error reduction against a baseline; ``in_selection`` marks years that had a part in
        selecting the configuration, whose scores are too optimistic.
        """
        rows = [{"year": row.year, "in_selection": row.in_selection, **_row(row.score)} for row in self.scores.years]
        return _frame(rows)

    def totals(self) -> "pd.DataFrame":
        """Return the scores of ``all`` days, and of those ``outside_selection`` where there are any."""
        totals = {"all": self.scores.total, "outside_selection": self.scores.total_outside_selection}
        return _frame([{"days_of": name, **_row(score)} for name, score in totals.items() if score])

    def instruments(self) -> "pd.DataFrame":
        """Return a row for each year of each instrument with its scores."""
        rows = [
            {"instrument": name, "year": year, **_row(score)}
            for name, each in self.scores.by_instrument.items()
            for year, score in each.by_year.items()
        ]
        return _frame(rows)

    def tests(self) -> "pd.DataFrame":
        """Return Diebold and Mariano's test against each baseline, on days outside the selection if there are any.

        ``effect`` is the forecast's squared log error relative to the baseline's, -0.03 is 3 % less; ``low`` and
        ``high`` end its 95 % interval. All are missing where there are too few days.
        """
        rows = [
            {"baseline": name} | ({key: getattr(test, key) for key in ("effect", "low", "high", "p")} if test else {})
            for name, test in self.scores.differences.items()
        ]
        return _frame(rows, ("baseline", "effect", "low", "high", "p"))

    def models(self) -> "pd.DataFrame":
        """Return a row for the ``forecast`` and for each baseline, the best first, with its skill over HAR.

        ``skill`` is the mean over the instruments, on days outside the selection if there are any. Of the instruments
        and of the years, ``…_above_0`` counts those with a skill above 0, and ``least_…`` is the least skill.
        """
        rows: list[dict[str, Any]] = []
        for name, skill, by_instrument, by_year in self.scores.models:
            row: dict[str, Any] = {"model": name, "skill": skill}
            for part, skills in (("instrument", by_instrument), ("year", by_year)):
                row[f"{part}s"] = len(skills)
                row[f"{part}s_above_0"] = sum(each > 0 for each in skills.values())
                row[f"least_{part}"] = min(skills.values(), default=math.nan)
            rows.append(row)
        return _frame(rows)

    def predictions(self) -> "pd.DataFrame":
        """Return a row for each forecast: ``model`` is ``trial`` or a baseline, as in a study's predictions.

        ``low`` and ``high`` end the trial's interval; a baseline has none. Quantities are in original units.
        """
        import pandas as pd

        scored, forecasts = self.scores.days, self.scores.days.forecasts
        days = {
            "instrument": pd.Series(forecasts.names, dtype="string").take(forecasts.instrument).to_numpy(),
            "date": forecasts.dates.astype("datetime64[ms]"),
            "actual": forecasts.actual,
        }
        models = {
            "trial": {"forecast": forecasts.forecast, "low": scored.low, "high": scored.high},
            **{name: {"forecast": values} for name, values in forecasts.baselines.items()},
        }
        frames = [
            pd.DataFrame({"model": name, **days, **values})[self.scores.in_range] for name, values in models.items()
        ]
        table = pd.concat(frames, ignore_index=True)
        return table.astype({"model": "string", "instrument": "string"})

    def figure(self) -> "Figure":
        """Return the figure of ``volopt backtest`` as a plotly figure, which a notebook shows."""
        from volopt.figures.backtest import chart
        from volopt.figures.drawing.plotly import figure

        return figure(chart(self.scores, synthetic=self.synthetic))


def _row(score: "Score") -> dict[str, Any]:
    skills = {f"skill_{name}": value for name, value in score.skill.items()}
    facts = {name: getattr(score, name) for name in ("days", "instruments", "log_r2")}
    return {**facts, **skills, "coverage": score.coverage, "width": score.width}


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...] | None = None) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(rows, columns=columns)
    texts = {name: "string" for name in ("days_of", "instrument", "baseline", "model") if name in frame}
    return frame.astype(texts)
