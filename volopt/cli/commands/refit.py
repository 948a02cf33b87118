"""Run ``volopt refit``: turn the configuration of a study into a forecaster."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import completion, forecasting, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic
from volopt.cli.progress import FitProgress

if TYPE_CHECKING:
    from volopt.forecast.onnx_export import OnnxModel


@click.command("refit", epilog="Example: volopt refit search --until 2018-12-28 --out forecaster")
@click.argument("name", shell_complete=completion.studies)
@click.option("--until", type=options.DAY, metavar="DATE", help="The last day to learn from; default: the last one.")
@click.option("--out", type=options.PATH, required=True, metavar="BUNDLE", help="The directory to write.")
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
@click.option("--onnx", "as_onnx", is_flag=True, help="Write an ONNX model too, checked against PyTorch.")
@forecasting.refitting
def command(
    name: str,
    trial: str,
    until: datetime | None,
    out: Path,
    force: bool,
    as_onnx: bool,
    data: Path | None,
    storage: str,
    as_json: bool,
    **training: Any,
) -> None:
    """Train every seed of the configuration of study NAME on all days up to DATE, and write it for volopt predict.

    Each of the two years before DATE is forecast by a fit on the days before it. The errors calibrate the intervals and
    show how good the forecaster would have been.
    """
    from volopt.forecast.configuration import load_source
    from volopt.forecast.local import local_context
    from volopt.forecast.onnx_export import NAME, not_in_the_model
    from volopt.forecast.output import check_output, write_forecaster
    from volopt.forecast.refit import refit

    check_output(out, force=force, onnx=as_onnx)
    last = until.date() if until else None
    source = load_source(storage, name, trial, data, last)
    with FitProgress() as progress:
        result = refit(source, last, local_context(source.artifacts, watch=progress, **training))
    model = write_forecaster(result, out, force=force, onnx=as_onnx)
    facts = result.bundle.facts
    if as_json:
        print_json(
            {
                "bundle": out,
                "study": name,
                "trial": facts.trial,
                "until": facts.until,
                "epochs": facts.epochs,
                "instruments": [instrument.name for instrument in facts.instruments],
                "left_out": dict(result.left_out),
                "backtest": facts.backtest,
                "data": dict(facts.data),
                "onnx": _onnx_facts(model) if model else None,
            }
        )
        return
    warn_if_synthetic(source.panel.source.synthetic)
    count = len(facts.instruments)
    instruments = facts.instruments[0].name if count == 1 else f"{count} instruments"
    seeds = len(facts.seeds)
    fitted = f"{seeds} seed{'s' * (seeds != 1)} of {facts.epochs} epochs on {instruments} to {facts.until}"
    say(f"Study {name}, trial {facts.trial}: {fitted}")
    for reason in result.left_out.values():
        say(f"  left out: {reason}")
    _print_backtest(facts.backtest)
    if model:
        _print_onnx(out / NAME, model, not_in_the_model(result.bundle))
    say(f"\nBundle: {out}\nNext: volopt predict {out}")


def _print_backtest(facts: dict[str, Any]) -> None:
    if not facts:
        say("Too few days for a backtest: forecasts will have no interval.")
        return
    skill = facts["skill"]
    title = f"\nBacktest {facts['from']} to {facts['to']}, refitted each year: error reduction against each baseline"
    row = [facts["days"], facts["log_r2"], *skill.values(), facts["coverage"]]
    columns = ["days", "log R²", *skill, f"in {facts['coverage_asked']:.0%} interval"]
    rounded = [round(v, 4) if isinstance(v, float) and math.isfinite(v) else v for v in row]
    print_table(columns, [rounded], title)


def _onnx_facts(model: "OnnxModel") -> dict[str, Any]:
    from volopt.forecast.onnx_export import NAME, OPSET

    facts = {name: getattr(model, name) for name in ("scaled", "difference", "windows")}
    return {"file": NAME, "opset": OPSET, **model.inputs, **facts}


def _print_onnx(path: Path, model: "OnnxModel", lacks: str) -> None:
    shapes = [f"({', '.join(map(str, shape))})" for shape in (*model.inputs.values(), model.scaled)]
    named = ", ".join(f'"{name}": {name}' for name in model.inputs)
    difference = f"at most {model.difference:.1e} from PyTorch on {model.windows} windows"
    say(f"\nONNX: {path}, {difference}; its metadata say how to scale. In Python:")
    say(f"  session = onnxruntime.InferenceSession({str(path)!r})")
    say(f"  (scaled,) = session.run(None, {{{named}}})  # float32 {', '.join(shapes[:-1])} -> {shapes[-1]}")
    if lacks:
        say(f"The ONNX model is the networks alone: only volopt predict has {lacks}.")
