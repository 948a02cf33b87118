"""A panel's instruments: which there are, which were left out, and how well the best trial does on each."""

from collections.abc import Iterator, Sequence

from volopt.figures.study_view import StudyView
from volopt.report.blocks import Block, TableBlock, TextBlock
from volopt.studies.best_trial import best_baseline
from volopt.studies.breadth import breadth, shown

MOST = 30  # instruments a table shows


def data(subject: StudyView) -> Iterator[Block]:
    """Return the instruments with their days, and those left out with the reason."""
    frames = subject.recorded.get("frames", [])
    rows = [(frame["name"], frame["first"], frame["last"], "; ".join(frame["quality"])) for frame in frames]
    yield from _table("Instruments", ("instrument", "first day", "last day", "quality"), rows)
    if subject.left_out:
        yield from _table("Left out", ("instrument", "reason"), list(subject.left_out.items()))


def scores(subject: StudyView) -> Iterator[Block]:
    """Return how the best trial does on each instrument, the best of them on valid first."""
    left = subject.left(subject.complete[0]) if subject.is_panel and subject.complete else None
    if left is None or not left.instruments:
        return
    baseline, number = best_baseline(subject.baselines), subject.complete[0].number
    if baseline is not None:
        yield TextBlock(breadth(left, baseline).sentence(number))
    columns = shown(baseline)
    ranked = sorted(left.instruments, key=lambda each: -(each.metrics.get("valid_log_r2") or float("-inf")))
    rows = [(each.instrument, *map(each.metrics.get, columns)) for each in ranked]
    title = f"Trial {number} on each instrument: the mean of its seeds' forecasts"
    yield from _table(title, ("instrument", *columns), rows)
    if len(rows) > MOST:
        yield TextBlock(f"`volopt trials {subject.name} {number}` lists every instrument.")


def _table(caption: str, columns: tuple[str, ...], rows: Sequence[Sequence[object]]) -> Iterator[Block]:
    yield TableBlock(caption, columns, rows[:MOST])
    if len(rows) > MOST:
        yield TextBlock(f"{len(rows) - MOST} more.")
