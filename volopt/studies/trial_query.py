"""Choose, sort and read the rows of ``listing.trials`` by the names of their columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from volopt.errors import UsageError, did_you_mean
from volopt.metrics import is_higher_better
from volopt.studies.listing import STATES

Row = Mapping[str, Any]

TRIAL, PARAMETERS = "trial", "parameters"
FACTS = (TRIAL, "state", "phases", "value", "seconds", "reason", PARAMETERS)


@dataclass(frozen=True)
class TrialQuery:
    """Hold which rows to choose, and in which order."""

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
            column, is_score = self.sort, any(self.sort in row["metrics"] for row in rows)
            chosen.sort(key=lambda row: _place(row, column, is_score=is_score))
        return chosen[: self.top]


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


def _place(row: Row, column: str, *, is_score: bool) -> tuple[object, ...]:
    value = read(row, column)
    if isinstance(value, list):
        value = ", ".join(value)
    elif is_score and value is not None and is_higher_better(column):
        value = -value
    is_partial = is_score and row["state"] != STATES["complete"].name
    return is_partial, value is None, isinstance(value, str), 0 if value is None else value, row["number"]
