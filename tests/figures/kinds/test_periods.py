"""The best trials in each valid period, and figures and texts that name a period."""

from pathlib import Path

import pytest

from builders import STUDY, definition, in_periods
from figures.kinds.stored import Stored, really_run
from volopt.claims.lookup import find_studies
from volopt.dashboard.notes import study_note
from volopt.dashboard.trial_picture import trial_chart
from volopt.export.export import export
from volopt.figures.chart import Chart, Line
from volopt.figures.kinds import curves
from volopt.figures.kinds.periods import chart
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.optuna_internals import storage_of
from volopt.report.blocks import TableBlock
from volopt.report.figures import figures
from volopt.report.question import data as data_section
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.best_trial import best_baseline, best_trial

LABELS = ["2020-03-01 to 2020-03-15", "2020-03-16 to 2020-03-31", "2020-04-05 to 2020-04-30"]


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> StudyView:
    text = in_periods(STUDY.replace("trials = 3", "trials = 2"))
    return really_run(tmp_path_factory.mktemp("periods"), definition(text))


def lines(drawn: Chart, subplot: int) -> dict[str, Line]:
    return {mark.name: mark for mark in drawn.subplots[subplot].marks if isinstance(mark, Line)}


def test_a_line_a_trial_and_one_of_the_best_baseline(view: StudyView) -> None:
    drawn, best, baseline = chart(view), view.complete[0], best_baseline(view.baselines)
    metric, skill = lines(drawn, 0), lines(drawn, 1)
    assert len(skill) == len(metric) - 1 == 5  # of six COMPLETE trials
    line = metric[f"trial {best.number}, the best"]
    assert list(line.x) == LABELS
    assert list(line.y) == [period["metrics"][view.metric] for period in listing.periods(best)]
    expected = [period["metrics"][f"ensemble_valid_skill_{baseline}"] for period in listing.periods(best)]
    assert list(skill[line.name].y) == expected
    rows = studies.period_baselines(view.study)
    assert list(metric[f"{baseline}, the best baseline by valid"].y) == [
        row[str(baseline)][view.metric] for row in rows
    ]


def test_a_study_with_one_valid_period_has_no_such_figure(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(cell="RNN")
    with pytest.raises(NothingToPlotError, match="has one valid period"):
        chart(stored.view)
    assert not any("valid period" in str(block) for block in figures(stored.view, "search"))


def test_curves_and_pictures_name_the_period_that_they_show(view: StudyView) -> None:
    best = view.complete[0]
    file = view.file(best)
    assert file is not None
    titles = [curves.chart(view).subplots[0].title]
    titles.append(trial_chart(file, best.params, view.definition, best.number).subplots[1].title)
    assert titles == [f"trial {best.number}, valid period {LABELS[2]}", f"loss, valid period {LABELS[2]}"]


def test_texts_name_every_period(view: StudyView) -> None:
    found = best_trial(view.study)
    assert found is not None
    assert "On average over 3 valid periods" in found.sentences()[0]
    assert "valid 2020-03-16 to 2020-03-31, valid 2020-04-05 to 2020-04-30" in study_note(view)
    (table,) = (block for block in data_section(view) if isinstance(block, TableBlock) and block.caption == "Splits")
    assert [row[3] for row in table.rows if "period" in str(row[0])] == [15, 16, 26]
    assert "Skill over" in str(figures(view, "search"))


def test_an_export_has_each_period_and_the_curves_of_each(view: StudyView, tmp_path: Path) -> None:
    files = export(view.study, view.definition, view.artifacts, tmp_path, "csv").files
    assert files["periods"].rows == 3 * len(view.complete)
    assert files["curves"].rows == 3 * 2 * 4 * len(view.complete)  # periods, seeds, epochs


def test_the_claims_of_the_paper_are_about_one_split(view: StudyView) -> None:
    assert not any(find_studies(storage_of(view.study), [view.name], view.artifacts).values())
