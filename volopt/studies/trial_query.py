"""Choose, sort and read the rows of ``listing.trials`` by the names of their columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from volopt.errors import UsageError, did_you_mean
from volopt.metrics import is_higher_better
from volopt.studies.listing import STATES

Row = Mapping[str, Any]

TRIAL, VALUE, PARAMETERS = "trial", "value", "parameters"
FACTS = (TRIAL, "state", "phases", VALUE, "seconds", "reason", PARAMETERS)


@dataclass(frozen=True)
class TrialQuery:
    """Hold which rows to choose, and in which order."""

    metric: str  # the objective's, whose values are in the column value
    states: Sequence[str] = ()  # of ``listing.STATES``; none: all
    sort: str | None = None  # a column; None: by number
    top: int | None = None  # rows; None: all

    def select(self, rows: Sequence[Row]) -> list[Row]:
        """Return the chosen rows, the best first by a metric, the smallest first by any other column.

        Rows without a value come last. By a metric the COMPLETE trials come first, as others have partial scores.

        Raises:
            UsageError: no trial has the column.
        """
        names = {STATES[state].name for state in self.states}
        chosen = [row for row in rows if not names or row["state"] in names]
        if self.sort is not None and rows:
            check_columns([self.sort], rows)
            chosen.sort(key=self._place(self.sort, rows))
        return chosen[: self.top]

    def _place(self, column: str, rows: Sequence[Row]) -> Callable[[Row], tuple[object, ...]]:
        is_score = column == VALUE or any(column in row["metrics"] for row in rows)
        sign = -1 if is_score and is_higher_better(self.metric if column == VALUE else column) else 1

        def place(row: Row) -> tuple[object, ...]:
            value = read(row, column)
            key = ", ".join(value) if isinstance(value, list) else value
            is_partial = is_score and row["state"] != STATES["complete"].name
            if key is None or isinstance(key, str):
                return is_partial, key is None, True, key or "", row["number"]
            return is_partial, False, False, sign * key, row["number"]

        return place


def read(row: Row, column: str) -> Any:
    """Return the value of a row in a column: of the trial, a metric or a parameter; None where it has none."""
    if column == TRIAL:
        return row["number"]
    if column == PARAMETERS:
        return row["params"]
    if column in FACTS:
        return row[column]
    return row["metrics"].get(column, row["params"].get(column))


def check_columns(columns: Iterable[str], rows: Sequence[Row]) -> None:
    """Raise UsageError where a column is unknown."""
    for column in columns:
        if column in FACTS or any(column in row["params"] or column in row["metrics"] for row in rows):
            continue
        params, metrics = ({name for row in rows for name in row[group]} for group in ("params", "metrics"))
        known = [*FACTS, *sorted(params), *sorted(metrics)]
        raise UsageError(
            f'the trials have no column "{column}"{did_you_mean(column, known)}', f"there are {', '.join(known)}"
        )
