"""Reading trials, many at a time.

Optuna makes an object of each row of its tables, and a distribution of each parameter of each trial: a minute and
gigabytes for 100,000 trials with their metrics. Here rows stay rows, and equal names and distributions are one object.
Trials read so are those of Optuna, field by field; nobody may change one in place.
"""

import functools
import gc
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

AT_ONCE = 500  # trials whose rows are asked for in one statement
TRIAL = models.TrialModel.__table__.c
COLUMNS = (TRIAL.trial_id, TRIAL.number, TRIAL.state, TRIAL.datetime_start, TRIAL.datetime_complete)
Rows = dict[int, list[Any]]


def of_study(
    session: Session, study_id: int, states: Container[TrialState] | None, included: Iterable[int], after: int
) -> list[FrozenTrial]:
    """Return the trials of a study by id: those after one, and the included ones before it.

    Raises:
        ValueError, KeyError, TypeError, LookupError: a row makes no sense.
    """
    query = select(*COLUMNS).where(TRIAL.study_id == study_id).order_by(TRIAL.trial_id)
    found: list[Any] = []
    for some in _portions([each for each in included if each <= after]):
        found += session.execute(query.where(TRIAL.trial_id.in_(some)))
    found = sorted(found, key=lambda row: row.trial_id)
    found += session.execute(query.where(TRIAL.trial_id > after))
    with _uncollected():
        return list(_trials(session, [row for row in found if states is None or row.state in states]))


def one(session: Session, trial_id: int) -> FrozenTrial:
    """Return one trial; raises KeyError where there is none."""
    found = _trials(session, session.execute(select(*COLUMNS).where(TRIAL.trial_id == trial_id)).all())
    for trial in found:
        return trial
    raise KeyError(models.NOT_FOUND_MSG)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make objects without looking for garbage among them again and again, which costs as much as making them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _trials(session: Session, rows: Sequence[Any]) -> Iterator[FrozenTrial]:
    for some in _portions(rows):
        ids = [row.trial_id for row in some]
        params, values, user, system, reports = (_rows(session, query, ids) for query in QUERIES)
        for row in some:
            number = row.trial_id
            known = [(name, value, _distribution(written)) for _, name, value, written in params[number]]
            yield FrozenTrial(
                number=row.number,
                state=row.state,
                value=None,
                values=_values(values[number]),
                datetime_start=row.datetime_start,
                datetime_complete=row.datetime_complete,
                params={sys.intern(name): each.to_external_repr(value) for name, value, each in known},
                distributions={sys.intern(name): each for name, _, each in known},
                user_attrs={sys.intern(key): _parsed(said) for _, key, said in user[number]},
                system_attrs={sys.intern(key): _parsed(said) for _, key, said in system[number]},
                intermediate_values={step: _report(value, kind) for _, step, value, kind in reports[number]},
                trial_id=number,
            )


def _query(model: Any, order: str, *names: str) -> Select[Any]:
    """Return the query for the rows of trials, which come in the order that Optuna shows them in."""
    columns = [model.__table__.c[name] for name in ("trial_id", *names)]
    return select(*columns).order_by(columns[0], model.__table__.c[order])


QUERIES = (
    _query(models.TrialParamModel, "param_id", "param_name", "param_value", "distribution_json"),
    _query(models.TrialValueModel, "objective", "objective", "value", "value_type"),
    _query(models.TrialUserAttributeModel, "key", "key", "value_json"),
    _query(models.TrialSystemAttributeModel, "key", "key", "value_json"),
    _query(models.TrialIntermediateValueModel, "step", "step", "intermediate_value", "intermediate_value_type"),
)


def _rows(session: Session, query: Select[Any], ids: Sequence[int]) -> Rows:
    """Return the rows of each trial."""
    found: Rows = defaultdict(list)
    for row in session.execute(query.where(query.selected_columns[0].in_(ids))).all():
        found[row[0]].append(row)
    return found


def _portions(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def _values(rows: Sequence[Any]) -> list[float] | None:
    found = [0.0] * len(rows)
    for _, objective, value, kind in rows:
        found[objective] = models.TrialValueModel.stored_repr_to_value(value, kind)
    return found or None


def _parsed(text: str) -> Any:
    """Return the value of a JSON text; a grid's search space, which each of its trials repeats, is one object."""
    return _parsed_object(text) if text.startswith("{") else _number_or_more(text)


def _number_or_more(text: str) -> Any:
    """Return the value of a JSON text; by the short way where nothing but a value is there, as in most."""
    with suppress(StopIteration):
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    return json.loads(text)


@functools.lru_cache(maxsize=8)
def _parsed_object(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_with_shared_names)


def _with_shared_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {sys.intern(name): value for name, value in pairs}


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed lacks it
_report: Callable[..., float] = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
_distribution: Callable[[str], BaseDistribution] = functools.lru_cache(maxsize=1024)(json_to_distribution)
