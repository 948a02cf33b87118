"""A chart with every mark and axis, for both drawing programs."""

from volopt.figures.chart import (
    Axis,
    Band,
    Bars,
    Cells,
    Chart,
    ColourScale,
    FilledContour,
    Intervals,
    Line,
    ParallelLines,
    Points,
    ReferenceLine,
    Subplot,
    TimeSpans,
)

DAYS = ["2018-01-02", "2018-01-03", "2018-01-04"]
TIMES = ["2018-01-02T10:00:00", "2018-01-02T10:00:05"]

BY_DATE = Subplot(
    Axis("trade day", "date"),
    Axis("$volume <b>"),
    [
        Band(DAYS, [1e6, None, 2e6], [3e6, 2e6, 4e6], "range", "#0072B2"),
        Line(DAYS, [2e6, None, 3e6], "mean", "#0072B2"),
    ],
    "by <date> & $time$",
)
BY_SIZE = Subplot(
    Axis("units", "log", ticks=[(5, "5"), (25, "25")]),
    Axis("loss", "log"),
    [
        Intervals(
            [5, 25], [0.02, 0.01], [0.01, 0.005], [0.03, None], "RNN", "#D55E00", joined=True, hover=["a\nb", "c"]
        ),
        Points([5, 25], [0.02, 0.01], values=[0.02, 0.01], hover=["x", "y"]),
        Points([5], [0.01], "crossed", symbol="x"),
        ReferenceLine(0.015, "har", "#009E73"),
        Line([5, 25], [0.01, 0.02], "steps", step=True, dashed=True),
    ],
)
BY_NAME = Subplot(
    Axis("share"),
    Axis("", "category", names=["a", "b"]),
    [Bars(["a", "b"], [0.2, None], "one", "#0072B2"), Bars(["a", "b"], [0.1, 0.4], "other", "#E69F00")],
)
THROUGH = Subplot(
    Axis("", "category", names=["p", "q"]),
    Axis("y", range=(0.0, 1.0)),
    [ParallelLines(["p", "q"], [[0.0, 1.0]], [0.01])],
)
OVER = Subplot(Axis("x"), Axis("y"), [FilledContour([1.0, 2.0], [1.0, 2.0], [[0.01, 0.02], [None, 0.03]])])
IN_CELLS = Subplot(
    Axis("x", "category", names=["a", "b"]),
    Axis("y", "category", names=["3", "5"]),
    [Cells(["a", "b"], ["3", "5"], [[0.01, 0.02], [None, 0.03]])],
)
IN_TIME = Subplot(
    Axis("time", "date"), Axis("trial"), [TimeSpans([0], TIMES[:1], TIMES[1:], "COMPLETE", hover=["trial 0"])]
)

ALL = Chart(
    "Every mark <script>alert(1)</script> of $x$",
    [BY_DATE, BY_SIZE, BY_NAME, THROUGH, OVER, IN_CELLS, IN_TIME],
    "sub <i>title</i>",
    ["a note with <b>", "another " * 60],
    columns=2,
    scale=ColourScale("value", 0.01, 0.03, log=True),
)
ONE = Chart("One", [Subplot(Axis("x"), Axis("y"), [Line([1, 2], [3, 4])])])
