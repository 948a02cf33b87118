"""Importances: those of Optuna's own functions, and what is said where they tell little."""

import optuna
import pytest
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances

from figures.kinds.searches import MAXIMIZED, random, subject, trial
from volopt.figures.chart import Bars, Chart
from volopt.figures.importances import SEED, importances, ranked
from volopt.figures.kinds.importance import chart
from volopt.figures.study_view import NothingToPlotError

NAMES = ["cell", "hidden_size", "learning_rate", "window"]


def bars(found: Chart) -> dict[str, dict[str, float | None]]:
    marks = [mark for mark in found.panels[0].marks if isinstance(mark, Bars)]
    return {mark.name: dict(zip(mark.y, mark.lengths, strict=True)) for mark in marks}


@pytest.mark.parametrize("text", ["", MAXIMIZED])
def test_bars_are_the_importances_of_optuna(text: str) -> None:
    found = subject(*random(30), **({"text": text} if text else {}))
    drawn = bars(chart(found))
    study: optuna.Study = found.study
    ped = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    fanova = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=SEED))
    assert drawn == {"PED-ANOVA": pytest.approx(ped), "fANOVA": pytest.approx(fanova)}


def test_the_largest_mean_stands_on_top() -> None:
    found = chart(subject(*random(30)))
    names = list(found.panels[0].y.names)
    means = [sum(shares[name] or 0 for shares in bars(found).values()) for name in names]
    assert means == sorted(means)
    assert names[-1] == "learning_rate"


def test_only_complete_trials_count_and_few_of_them_are_told() -> None:
    nine = random(9)
    others = [trial(0.9, state="PRUNED", window=3), trial(None, state="FAIL"), trial(None, state="RUNNING")]
    found, alone = chart(subject(*nine, *others)), chart(subject(*nine))
    assert bars(found) == bars(alone)
    assert any(note.startswith("9 COMPLETE trials are few") for note in found.notes)
    assert not any("few" in note for note in chart(subject(*random(10))).notes)


def test_parameters_of_one_value_have_no_importance_and_are_named() -> None:
    trials = [trial(0.1 * window, window=window, cell=cell) for window in (2, 3, 4) for cell in ("RNN", "LSTM")]
    found = chart(subject(*trials))
    assert set(found.panels[0].y.names) == {"cell", "window"}
    assert "No importance for what had one value only: hidden_size, learning_rate." in found.notes


def test_an_evaluator_that_cannot_tell_is_named() -> None:
    trials = [trial(value, cell=cell) for value in (0.1, 0.2, 0.3) for cell in ("RNN", "LSTM")]  # best: one of each
    found = chart(subject(*trials))
    assert list(bars(found)) == ["fANOVA"]
    assert "PED-ANOVA cannot tell from these trials." in found.notes


def test_values_that_are_all_the_same_have_nothing_to_tell() -> None:
    with pytest.raises(NothingToPlotError, match="the 3 COMPLETE trials of small do not tell"):
        chart(subject(*(trial(0.5, window=window) for window in (2, 3, 4))))


def test_one_trial_has_no_importances() -> None:
    with pytest.raises(NothingToPlotError, match="no parameter of small varies: it has one COMPLETE trial"):
        chart(subject(trial(0.5)))


def test_the_same_study_gives_the_same_numbers_again() -> None:
    found = subject(*random(12))
    assert importances(found, "fANOVA", NAMES) == importances(found, "fANOVA", NAMES)


def test_fanova_sees_some_of_very_many_trials_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = random(30)
    whole = bars(chart(subject(*trials)))
    for module in ("volopt.figures.importances", "volopt.figures.kinds.importance"):
        monkeypatch.setattr(f"{module}.MOST", 20)
    found = chart(subject(*trials))
    assert bars(found)["PED-ANOVA"] == whole["PED-ANOVA"]
    assert bars(found)["fANOVA"] != whole["fANOVA"]
    assert bars(found) == bars(chart(subject(*trials)))
    assert "fANOVA has seen 20 of the 30 COMPLETE trials, drawn at random." in found.notes


def test_parameters_are_ranked_by_ped_anova() -> None:
    found = subject(*random(30))
    shares = get_param_importances(found.study, evaluator=PedAnovaImportanceEvaluator())
    order = [shares[name] for name in ranked(found, NAMES)]
    assert order == sorted(shares.values(), reverse=True)
    alike = subject(*(trial(0.5, window=window) for window in (2, 3)))
    assert ranked(alike, ["window", "cell"]) == ["window", "cell"]
