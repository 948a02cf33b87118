"""Write the list of the studies in a storage as one page of the dashboard."""

from typing import NamedTuple

import optuna
from optuna.storages import BaseStorage

from volopt.definition.plain_text import plain
from volopt.definition.schema import Definition
from volopt.errors import StorageError
from volopt.optuna_internals import study_id
from volopt.report.blocks import cell_text, error_sentences
from volopt.report.page import templates
from volopt.studies.best_trial import baseline_name, best_baseline
from volopt.studies.listing import summary
from volopt.studies.study import find, foreign_names, is_name, names


class ListedStudy(NamedTuple):
    """Hold the cells of a study; a number has four significant digits."""

    id: int
    name: str
    has_report: bool  # unless another program gave it a name that no report can have
    title: str
    synthetic: bool
    done: int  # trials
    total: int
    metric: str
    best: str
    baseline: str


def studies_page(storage: BaseStorage) -> str:
    """Return the list of volopt's studies, the newest first, and a sentence for each that cannot be read."""
    listed, problems = [], []
    for name in reversed(names(storage, any_name=True)):
        try:
            listed.append(_listed(*find(storage, name, any_name=True)))
        except StorageError as error:
            problems.append(error_sentences(error))
    template = templates().get_template("studies.html.j2")
    return template.render(studies=listed, problems=problems, others=list(map(plain, foreign_names(storage))))


def _listed(study: optuna.Study, definition: Definition) -> ListedStudy:
    facts, metric = summary(study, definition), definition.objective.metric
    baseline = best_baseline(facts["baselines"])
    value = facts["baselines"][baseline].get(metric.removeprefix("ensemble_")) if baseline else None
    return ListedStudy(
        study_id(study),
        plain(study.study_name),
        is_name(study.study_name),
        definition.title,
        facts["data"]["synthetic"],
        sum(phase["done"] for phase in facts["phases"]),
        sum(phase["total"] for phase in facts["phases"]),
        metric,
        f"{cell_text(facts['best']['value'])} (trial {facts['best']['number']})" if facts["best"] else "no result yet",
        f"{cell_text(value)} ({baseline_name(baseline)})" if baseline else cell_text(None),
    )
