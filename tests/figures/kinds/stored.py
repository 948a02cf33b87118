"""Studies in a storage that figures are drawn of: filled by hand, or really run."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import TrialState

from builders import SOURCE, attach, dataset, definition
from hand_made import Shelf
from volopt.definition.schema import Definition
from volopt.executors.trainer import SerialTrainer
from volopt.figures.study_view import StudyView
from volopt.search.context import RunContext
from volopt.search.driver import Driver
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.attributes import SCORES
from volopt.studies.space import distributions

DAYS = np.datetime64("2018-01-02") + np.arange(40)
ACTUAL = 5e6 + 2e6 * np.sin(np.arange(40))


class Stored:
    """A study filled by hand; trials are numbered from 0 in the order in which they are added."""

    def __init__(self, directory: Path, of: str = "grid", **changes: Any) -> None:
        self.shelf = Shelf(directory)
        self.definition = self.shelf.study(of, of=of, **changes)
        self.study, _ = studies.find(self.shelf.storage, self.definition.name)

    @property
    def view(self) -> StudyView:
        return StudyView(self.study, self.definition, self.shelf.artifacts)

    def add(
        self,
        content: Any = None,
        state: TrialState = TrialState.COMPLETE,
        value: float = 1.0,
        seeds: Sequence[dict[str, Any]] = (),
        metrics: dict[str, float] | None = None,
        **params: Any,
    ) -> None:
        """Add a trial at these values, those of ``seeds`` and ``metrics`` with skills as its scores."""
        trial, space = self.study.ask(), distributions(self.definition)
        point = {key: value for key, value in {**self.definition.defaults(), **params}.items() if key in space}
        for key, at in point.items():
            self.study._storage.set_trial_param(trial._trial_id, key, space[key].to_internal_repr(at), space[key])
        scores = metrics or {}
        skills = {name: score for name, score in scores.items() if "_skill_" in name}
        for name in scores.keys() - skills.keys():
            trial.set_user_attr(name, scores[name])
        system = {"seeds": list(seeds), "skills": skills}
        self.study._storage.set_trial_system_attr(trial._trial_id, SCORES, system)
        if content is not None:
            attach(self.shelf.artifacts, trial, CURVES, content)
        if state != TrialState.RUNNING:
            self.study.tell(trial, value if state == TrialState.COMPLETE else None, state)


def trial_content(
    forecasts: Sequence[Sequence[float]] = (ACTUAL, 0.5 * ACTUAL),
    valid_mse: Sequence[Sequence[float]] = ((4.0, 2.0, 1.0), (8.0, 6.0, 3.0)),
    best_epochs: Sequence[int | None] = (None, None),
    dates: Any = DAYS,
    actual: Any = ACTUAL,
) -> dict[str, Any]:
    """Return the artifact of a trial whose train loss is half its valid loss; seeds without a forecast were pruned."""
    seeds: list[dict[str, Any]] = []
    for seed, (losses, best) in enumerate(zip(valid_mse, best_epochs, strict=True)):
        metrics: dict[str, Any] = {} if best is None else {"best_epoch": best}
        curves = {"train_mse": [loss / 2 for loss in losses], "valid_mse": list(losses)}
        content: dict[str, Any] = {"seed": seed, "metrics": metrics, "curves": curves}
        if seed < len(forecasts):
            metrics["flatness"] = float(np.std(forecasts[seed]) / np.std(actual))
            content["forecast"] = {"valid": list(forecasts[seed]), "test": list(forecasts[seed])}
        seeds.append(content)
    days = {"date": np.datetime_as_string(dates, "D").tolist(), "actual": list(actual)}
    train = {"mean": 5e6, "std": 1e6, "log_floor": 1e5}
    return {"days": {"valid": days, "test": days}, "train": train, "baselines": "", "seeds": seeds}


def of_panel(**each: dict[str, Any]) -> dict[str, Any]:
    """Return the artifact of a panel's trial from those of its instruments, by name; metrics are the first one's."""
    content = copy.deepcopy(next(iter(each.values())))
    for split in ("valid", "test"):
        for column, values in content["days"][split].items():
            values[:] = [value for one in each.values() for value in one["days"][split][column]]
        for number, seed in enumerate(content["seeds"]):
            if "forecast" in seed:
                seed["forecast"][split] = [v for one in each.values() for v in one["seeds"][number]["forecast"][split]]
    counts = {name: len(one["days"]["test"]["date"]) for name, one in each.items()}
    parts = [{"instrument": name, "days": count, "log_floor": 1e5} for name, count in counts.items()]
    return content | {"parts": {"valid": parts, "test": parts}}


def really_run(directory: Path, of: Definition | None = None) -> StudyView:
    """Return a small study that was trained, on data made by hand."""
    parsed = of or definition()
    data, artifacts = dataset(parsed), Artifacts(directory / "artifacts")
    storage = connect(f"sqlite:///{directory}/volopt.db", write=True, create=True)
    study = studies.open_or_create(storage, parsed, SOURCE)
    context = RunContext(parsed, data, artifacts)
    Driver(study, studies.ledger(study, parsed), context, SerialTrainer(data)).run(parsed.phases)
    fitted = context.baselines(parsed.model.window)
    studies.store_baselines(study, fitted.metrics, [each.metrics for each in fitted.of_periods])
    return StudyView(study, parsed, artifacts)
