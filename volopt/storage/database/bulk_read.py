"""Read many trials at once.

Optuna makes an object of each row and a distribution of each parameter of each trial: a minute and gigabytes for
100,000 trials with their metrics. This module keeps rows as rows, and shares equal names and distributions. The trials
equal Optuna's, field by field; no caller may change one in place.
"""

import functools
import gc
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from volopt.optuna_internals import models

TRIALS_A_STATEMENT = 500
TRIAL = models.TrialModel.__table__.c
COLUMNS = (TRIAL.trial_id, TRIAL.number, TRIAL.state, TRIAL.datetime_start, TRIAL.datetime_complete)
RowsById = dict[int, list[Any]]


def trials_of_study(
    session: Session, study_id: int, states: Container[TrialState] | None, included: Iterable[int], after: int
) -> list[FrozenTrial]:
    """Return the trials of a study by id: those after the id ``after``, and the included ones before it.

    Raises:
        ValueError, KeyError, TypeError, LookupError: a row cannot be read.
    """
    query = select(*COLUMNS).where(TRIAL.study_id == study_id).order_by(TRIAL.trial_id)
    rows: list[Any] = []
    for ids in _portions([trial_id for trial_id in included if trial_id <= after]):
        rows += session.execute(query.where(TRIAL.trial_id.in_(ids)))
    rows = sorted(rows, key=lambda row: row.trial_id)
    rows += session.execute(query.where(TRIAL.trial_id > after))
    with _without_garbage_collection():
        return list(_trials(session, [row for row in rows if states is None or row.state in states]))


def one_trial(session: Session, trial_id: int) -> FrozenTrial:
    """Return one trial; raises KeyError where it does not exist."""
    rows = session.execute(select(*COLUMNS).where(TRIAL.trial_id == trial_id)).all()
    for trial in _trials(session, rows):
        return trial
    raise KeyError(models.NOT_FOUND_MSG)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Turn the garbage collector off: looking through the new objects costs as much as making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _trials(session: Session, rows: Sequence[Any]) -> Iterator[FrozenTrial]:
    for portion in _portions(rows):
        ids = [row.trial_id for row in portion]
        params, values, user_attrs, system_attrs, reports = (_rows(session, query, ids) for query in QUERIES)
        parsed = _parse((user_attrs, system_attrs))
        for row in portion:
            key = row.trial_id
            distributed = [(name, value, _distribution(written)) for _, name, value, written in params[key]]
            yield FrozenTrial(
                number=row.number,
                state=row.state,
                value=None,
                values=_values(values[key]),
                datetime_start=row.datetime_start,
                datetime_complete=row.datetime_complete,
                params={sys.intern(name): each.to_external_repr(value) for name, value, each in distributed},
                distributions={sys.intern(name): each for name, _, each in distributed},
                user_attrs={sys.intern(name): parsed[text] for _, name, text in user_attrs[key]},
                system_attrs={sys.intern(name): parsed[text] for _, name, text in system_attrs[key]},
                intermediate_values={step: _report(value, kind) for _, step, value, kind in reports[key]},
                trial_id=key,
            )


def _query(model: Any, order: str, *names: str) -> Select[Any]:
    """Return the query for rows of trials, in the order in which Optuna returns them."""
    columns = [model.__table__.c[name] for name in ("trial_id", *names)]
    return select(*columns).order_by(columns[0], model.__table__.c[order])


QUERIES = (
    _query(models.TrialParamModel, "param_id", "param_name", "param_value", "distribution_json"),
    _query(models.TrialValueModel, "objective", "objective", "value", "value_type"),
    _query(models.TrialUserAttributeModel, "key", "key", "value_json"),
    _query(models.TrialSystemAttributeModel, "key", "key", "value_json"),
    _query(models.TrialIntermediateValueModel, "step", "step", "intermediate_value", "intermediate_value_type"),
)


def _rows(session: Session, query: Select[Any], ids: Sequence[int]) -> RowsById:
    """Return the rows of each trial."""
    rows: RowsById = defaultdict(list)
    for row in session.execute(query.where(query.selected_columns[0].in_(ids))).all():
        rows[row[0]].append(row)
    return rows


def _values(rows: Sequence[Any]) -> list[float] | None:
    values = [0.0] * len(rows)
    for _, objective, value, kind in rows:
        values[objective] = models.TrialValueModel.stored_repr_to_value(value, kind)
    return values or None


def _parse(rows: Iterable[RowsById]) -> dict[str, Any]:
    """Return the value of each JSON text at the end of a row, by text.

    One call of the parser takes a third of the time of a call for each text, and it shares equal names.
    """
    texts = list(dict.fromkeys(row[-1] for each in rows for own in each.values() for row in own))
    with suppress(ValueError):
        values = json.loads(f"[{','.join(texts)}]")
        if len(values) == len(texts):
            return dict(zip(texts, values, strict=True))
    return {text: json.loads(text) for text in texts}  # one of them is broken, and its own error names it


def _portions(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + TRIALS_A_STATEMENT] for start in range(0, len(values), TRIALS_A_STATEMENT))


_report: Callable[..., float] = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
_distribution: Callable[[str], BaseDistribution] = functools.lru_cache(maxsize=1024)(json_to_distribution)
