"""Turn the configuration of a study into a forecaster, and forecast with it."""

from collections.abc import Sequence
from datetime import date as calendar_date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from volopt.api import arguments
from volopt.api.arguments import AnyDay, AnyPath, Names
from volopt.api.notices import CALLER, warn, warn_if_synthetic
from volopt.figures import words

if TYPE_CHECKING:
    import pandas as pd

    from volopt.forecast.bundle import Bundle
    from volopt.forecast.local import Watch

DAYS = ("as_of", "date")


def refit(
    name: str,
    *,
    out: AnyPath,
    until: AnyDay | None = None,
    force: bool = False,
    onnx: bool = False,
    trial: int | str = "likely",
    workers: int | None = None,
    device: str | None = None,
    precision: str = "highest",
    data: AnyPath | None = None,
    storage: str | None = None,
    progress: "bool | Watch" = True,
) -> "Forecaster":
    """Train every seed of the configuration of a study on all days up to one, write the bundle, and return it.

    The arguments are the options of ``volopt refit``. It warns if the data are synthetic, and of instruments that are
    left out.

    Args:
        name: of the study.
        out: the directory of the bundle.
        until: the last day to learn from; None for the last one of the data.
        force: whether to replace an existing bundle.
        onnx: whether to write an ONNX model too.
        trial: a number, likely, simplest, best, or parameters as in "cell=LSTM,hidden_size=25".
        workers: processes that train; None for one a core.
        device: auto, cpu, cuda or cuda:N.
        precision: highest or medium.
        data: the data directory; None for the one that the study was run on.
        storage: URL of the database.
        progress: whether to print a line for each period, or what to report the fits to.

    Raises:
        VoloptError: an argument, the study, the trial or the data is wrong, a fit failed, or ``out`` exists.
    """
    from volopt.api.progress import watch_fits
    from volopt.forecast import refit as refits
    from volopt.forecast.configuration import load_source
    from volopt.forecast.local import local_context
    from volopt.forecast.output import check_output, write_forecaster

    directory, last = arguments.path(out), arguments.optional_day("until", until)
    processes, named_device = arguments.workers_count(workers), arguments.device_name(device)
    arguments.choice("precision", precision, arguments.PRECISIONS)
    check_output(directory, force=force, onnx=onnx)
    url = arguments.storage_url(storage)
    source = load_source(url, name, str(trial), arguments.data_directory(data), last)
    context = local_context(source.artifacts, processes, named_device, precision, watch_fits(progress))
    result = refits.refit(source, last, context)
    write_forecaster(result, directory, force=force, onnx=onnx)
    warn_if_synthetic(source.panel.source.synthetic)
    warn(result.left_out.values())
    return Forecaster(result.bundle)


def load_bundle(path: AnyPath) -> "Forecaster":
    """Return the forecaster of a bundle, which ``refit`` or ``volopt refit`` wrote.

    Raises:
        DataError: it is not a bundle, is incomplete or changed, or another format of volopt wrote it.
    """
    from volopt.forecast.bundle import read

    return Forecaster(read(arguments.path(path)))


class Forecaster:
    """Forecast with a bundle; ``refit`` and ``load_bundle`` return one."""

    def __init__(self, bundle: "Bundle") -> None:
        self._bundle = bundle

    def __repr__(self) -> str:
        facts = self._bundle.facts
        return f'<volopt forecaster of trial {facts.trial} of "{facts.study}", fitted to {facts.until}>'

    @property
    def facts(self) -> dict[str, Any]:
        """Return what ``bundle.json`` says: study, trial, parameters, data, and the scores of the years before."""
        return self._bundle.facts.model_dump()

    def predict(
        self,
        data: "AnyPath | pd.DataFrame | None" = None,
        *,
        date: AnyDay | None = None,
        last: int = 1,
        instrument: Names = (),
        coverage: float = 0.8,
        exchange: str | None = None,
    ) -> "pd.DataFrame":
        """Return a row for each forecast: instrument, target, as_of, date, forecast, low, high, unit, actual.

        Days are ``datetime64[s]``, quantities ``float64`` in ``unit``, NaN where an interval or an actual value is not
        known. It warns where ``volopt predict`` does, and of rows that it drops.

        Args:
            data: a provider's directory; or daily rows as ``volopt data import`` takes them, with the code of each
                row in a column where the bundle has several instruments; None for the directory that the bundle was
                fitted on.
            date: the last day to use; None for the last one.
            last: forecasts of an instrument, the newest ones.
            instrument: one of the bundle's, or several.
            coverage: target of the intervals.
            exchange: such as NYSE or XPAR, whose next trading day follows the end of the data; None for the one that an
                instrument's name tells, such as SH600000 or AIR.PA.

        Raises:
            UsageError: an argument is wrong.
            DataError: the data cannot be read, or differ from those that the bundle was fitted on.
        """
        import pandas as pd

        names, day = arguments.texts(instrument), arguments.optional_day("date", date)
        number, share = arguments.count("last", last) or 1, arguments.coverage_share(coverage)
        exchange = arguments.optional_text(exchange)
        if not isinstance(data, pd.DataFrame):
            return self._forecasts(arguments.data_directory(data), day, number, names, share, exchange)
        with TemporaryDirectory() as folder:
            provider = Path(folder, "provider")
            warn(self._import(data, provider))
            return self._forecasts(provider, day, number, names, share, exchange)

    def _import(self, rows: "pd.DataFrame", provider: Path) -> list[str]:
        """Write rows as a provider, and return what was dropped."""
        from volopt.data.importing.frame import import_frame

        known = [instrument.name for instrument in self._bundle.facts.instruments]
        report = import_frame(rows, provider, known[0] if len(known) == 1 else None)
        return [f"{each.name}: dropped {issue.line()}" for each in report.instruments for issue in each.dropped]

    def _forecasts(
        self,
        provider: Path | None,
        day: calendar_date | None,
        last: int,
        instruments: Sequence[str],
        coverage: float,
        exchange: str | None,
    ) -> "pd.DataFrame":
        import pandas as pd

        from volopt.forecast.predict import predict_days

        result = predict_days(self._bundle, provider, day, calendar_date.today(), last, instruments, coverage, exchange)
        warn([*words.data_warnings(synthetic=result.synthetic), *result.warnings], CALLER + 1)
        types = dict.fromkeys(("instrument", "target", "unit"), "string") | dict.fromkeys(DAYS, "datetime64[s]")
        return pd.DataFrame(map(vars, result.predictions)).astype(types)
