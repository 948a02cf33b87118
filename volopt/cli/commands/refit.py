"""``volopt refit``: the configuration of a study as a forecaster."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import forecasting
from volopt.cli.output import SYNTHETIC, print_json, print_table

if TYPE_CHECKING:
    from volopt.forecast.onnx_export import OnnxModel


@click.command("refit", epilog="Example: volopt refit search --until 2018-12-28 --out forecaster")
@click.argument("name")
@click.option("--until", type=forecasting.DAY, metavar="DATE", help="The last day to learn from; else the data's own.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="BUNDLE", help="The directory to write.")
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
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

    The two years before DATE are forecast by what was fitted before each: their errors calibrate the intervals, and
    say how good the forecaster would have been.
    """
    from volopt.forecast import bundle, onnx_check, onnx_export
    from volopt.forecast.refit import refit
    from volopt.forecast.source import origin

    bundle.check_place(out, force=force)
    if as_onnx:
        onnx_check.check_installed()
    found = origin(storage, name, trial, data, until.date() if until else None)
    with forecasting.FitProgress() as progress:
        shop = forecasting.workshop(progress, found.artifacts, **training)
        done = refit(found, until.date() if until else None, shop)
    model = onnx_export.convert(done.bundle, done.learned) if as_onnx else None
    bundle.write(done.bundle, out, more={onnx_export.NAME: model.content} if model else {}, force=force)
    facts = done.bundle.facts
    if as_json:
        told = {"study": name, "trial": facts.trial, "until": facts.until, "epochs": facts.epochs}
        names = [each.name for each in facts.instruments]
        more = {"left_out": dict(done.left_out), "backtest": facts.backtest, "data": dict(facts.data)}
        print_json({"bundle": out, **told, "instruments": names, **more, "onnx": _told(model)})
        return
    if found.panel.source.synthetic:
        click.echo(SYNTHETIC)
    count = len(facts.instruments)
    of = facts.instruments[0].name if count == 1 else f"{count} instruments"
    fitted = f"{len(facts.seeds)} seeds of {facts.epochs} epochs on {of} to {facts.until}"
    click.echo(f"Study {name}, trial {facts.trial}: {fitted}")
    for why in done.left_out.values():
        click.echo(f"  left out: {why}")
    _print_backtest(facts.backtest)
    if model:
        _print_onnx(out / onnx_export.NAME, model)
    click.echo(f"\nBundle: {out}\nNext: volopt predict {out}")


def _print_backtest(found: dict[str, Any]) -> None:
    if not found:
        click.echo("There are too few days to look back on: forecasts will have no interval.")
        return
    skill = found["skill"]
    title = (
        f"\n{found['from']} to {found['to']}, each year forecast by what was fitted before it: skill over each baseline"
    )
    row = [found["days"], found["log_r2"], *skill.values(), found["coverage"]]
    columns = ["days", "log R²", *skill, f"in {found['coverage_asked']:.0%} interval"]
    rounded = [round(v, 4) if isinstance(v, float) and math.isfinite(v) else v for v in row]
    print_table(columns, [rounded], title)


def _told(model: "OnnxModel | None") -> dict[str, Any] | None:
    from volopt.forecast.onnx_export import NAME, OPSET

    if model is None:
        return None
    shapes = {"inputs": model.inputs, "scaled": model.scaled}
    return {"file": NAME, "opset": OPSET, **shapes, "difference": model.difference, "windows": model.windows}


def _print_onnx(path: Path, model: "OnnxModel") -> None:
    inputs, scaled = (", ".join(map(str, shape)) for shape in (model.inputs, model.scaled))
    near = f"at most {model.difference:.1e} from PyTorch on {model.windows} windows"
    click.echo(f"\nONNX: {path}, {near}; its metadata say how to scale. In Python:")
    click.echo(f"  session = onnxruntime.InferenceSession({str(path)!r})")
    click.echo(f'  (scaled,) = session.run(None, {{"inputs": inputs}})  # float32 ({inputs}) -> ({scaled})')
