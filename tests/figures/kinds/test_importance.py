"""Importances: those of Optuna's own functions, and what is said where they tell little."""

import optuna
import pytest
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances

from figures.kinds.searches import MAXIMIZED, random, study_view, trial
from volopt.figures.chart import Bars, Chart
from volopt.figures.importances import SEED, importances
from volopt.figures.kinds.importance import chart
from volopt.figures.study_view import NothingToPlotError

NAMES = ["cell", "hidden_size", "learning_rate", "window"]


def bars(figure: Chart) -> dict[str, dict[str, float | None]]:
    marks = [mark for mark in figure.subplots[0].marks if isinstance(mark, Bars)]
    return {mark.name: dict(zip(mark.y, mark.lengths, strict=True)) for mark in marks}


@pytest.mark.parametrize("text", ["", MAXIMIZED])
def test_bars_are_the_importances_of_optuna(text: str) -> None:
    view = study_view(*random(30), **({"text": text} if text else {}))
    drawn = bars(chart(view))
    study: optuna.Study = view.study
    ped = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    fanova = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=SEED))
    assert drawn == {"PED-ANOVA": pytest.approx(ped), "fANOVA": pytest.approx(fanova)}


def test_the_largest_mean_stands_on_top() -> None:
    figure = chart(study_view(*random(30)))
    names = list(figure.subplots[0].y.names)
    means = [sum(shares[name] or 0 for shares in bars(figure).values()) for name in names]
    assert means == sorted(means)
    assert names[-1] == "learning_rate"


def test_only_complete_trials_count_and_few_of_them_are_reported() -> None:
    nine = random(9)
    others = [trial(0.9, state="PRUNED", window=3), trial(None, state="FAIL"), trial(None, state="RUNNING")]
    figure, alone = chart(study_view(*nine, *others)), chart(study_view(*nine))
    assert bars(figure) == bars(alone)
    assert any(note.startswith("9 COMPLETE trials are few") for note in figure.notes)
    assert not any("few" in note for note in chart(study_view(*random(10))).notes)


def test_parameters_of_one_value_have_no_importance_and_are_named() -> None:
    trials = [trial(0.1 * window, window=window, cell=cell) for window in (2, 3, 4) for cell in ("RNN", "LSTM")]
    figure = chart(study_view(*trials))
    assert set(figure.subplots[0].y.names) == {"cell", "window"}
    assert "Parameters with a single value have no importance: hidden_size, learning_rate." in figure.notes


def test_an_evaluator_that_cannot_tell_is_named() -> None:
    trials = [trial(value, cell=cell) for value in (0.1, 0.2, 0.3) for cell in ("RNN", "LSTM")]  # best: one of each
    figure = chart(study_view(*trials))
    assert list(bars(figure)) == ["fANOVA"]
    assert "PED-ANOVA gives no result for these trials." in figure.notes


def test_values_that_are_all_the_same_have_nothing_to_tell() -> None:
    with pytest.raises(NothingToPlotError, match="the 3 COMPLETE trials of small do not tell"):
        chart(study_view(*(trial(0.5, window=window) for window in (2, 3, 4))))


def test_one_trial_has_no_importances() -> None:
    with pytest.raises(NothingToPlotError, match="no parameter of small varies: it has one COMPLETE trial"):
        chart(study_view(trial(0.5)))


def test_the_same_study_gives_the_same_numbers_again() -> None:
    view = study_view(*random(12))
    assert importances(view, "fANOVA", NAMES) == importances(view, "fANOVA", NAMES)


def test_fanova_sees_some_of_very_many_trials_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = random(30)
    all_trials = bars(chart(study_view(*trials)))
    for module in ("volopt.figures.importances", "volopt.figures.kinds.importance"):
        monkeypatch.setattr(f"{module}.MAX_FANOVA_TRIALS", 20)
    figure = chart(study_view(*trials))
    assert bars(figure)["PED-ANOVA"] == all_trials["PED-ANOVA"]
    assert bars(figure)["fANOVA"] != all_trials["fANOVA"]
    assert bars(figure) == bars(chart(study_view(*trials)))
    assert "fANOVA used a random sample of 20 of the 30 COMPLETE trials." in figure.notes
