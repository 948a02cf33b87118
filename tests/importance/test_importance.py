"""The importance of whole studies: a panel a phase, what is pooled, and what is said where nothing can be."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.importance import PedAnovaImportanceEvaluator

from builders import STUDY
from importance.studies import ERRORS, GRID, grid_rows, random_rows, stored
from volopt.importance import evaluators
from volopt.importance.evaluators import FANOVA, PED_ANOVA
from volopt.importance.importance import StudyImportance, study_importance
from volopt.importance.panels import POOLED, phase_panel, seeded_trials
from volopt.studies.space import distributions

TWICE = ERRORS.replace(
    "[objective]",
    '[[phase]]\nname = "again"\nsampler = "random"\nvary = ["window", "learning_rate"]\ntrials = 30\n[objective]',
)


def noisy(cell: str, hidden_size: int) -> list[float]:
    generator = np.random.default_rng(hidden_size)
    return np.exp((cell == "RNN") + 0.1 * generator.standard_normal(3)).tolist()


def found(rows: list[Any], text: str = ERRORS) -> StudyImportance:
    return study_importance(*stored(rows, text))


def test_a_grid_and_a_search_each_have_a_panel() -> None:
    result = found(grid_rows(noisy) + random_rows(20, 3))
    assert {phase: [one.method for one in each] for phase, each in result.phases.items()} == {
        "width": ["ANOVA"],
        "extend": [PED_ANOVA, FANOVA],
    }
    (grid,) = result.phases["width"]
    assert [bar.name for bar in grid.bars] == ["cell", "hidden_size", "cell × hidden_size", "seeds"]
    assert grid.leader.name == "cell"
    for one in result.phases["extend"]:
        assert one.leader.name == "learning_rate"
        assert sum(bar.value for bar in one.bars) == pytest.approx(1)
        for bar in one.bars:
            assert bar.low is not None
            assert bar.high is not None
            assert 0 <= bar.low <= bar.value + 1e-9
            assert bar.value <= bar.high + 1e-9 <= 1 + 1e-9


def test_errors_are_analysed_by_their_logarithm_and_other_metrics_as_they_are() -> None:
    study, definition = stored(grid_rows(lambda cell, hidden_size: [1.0, math.e]))
    assert [trial.seeds.tolist() for trial in seeded_trials(study, definition)[0]] == [[0, 1]] * 4
    text = STUDY + '\n[objective]\nmetric = "valid_log_r2"\n'
    study, definition = stored(grid_rows(lambda cell, hidden_size: [-1.0, 0.5]), text)
    assert seeded_trials(study, definition)[0][0].seeds.tolist() == [-1, 0.5]


@settings(max_examples=5)
@given(st.permutations(GRID))
def test_the_order_of_trials_does_not_matter(points: list[dict[str, Any]]) -> None:
    rows = [("width", params, noisy(**params)) for params in points]
    assert found(rows).phases == found(grid_rows(noisy)).phases


def test_a_point_of_a_grid_counts_whichever_phase_proposed_it() -> None:
    first, *others = grid_rows(noisy)
    result = found([("extend", *first[1:]), *others])
    assert result.phases["width"] == found(grid_rows(noisy)).phases["width"]


def test_a_queued_trial_beside_a_grid_stands_for_none_of_its_points() -> None:
    first, *others = grid_rows(noisy)
    beside = (first[0], first[1] | {"window": 6}, first[2])
    assert [one.method for one in found([first, *others, beside]).phases["width"]] == ["ANOVA"]
    assert "ANOVA" not in [one.method for one in found([*others, beside]).phases.get("width", [])]


def test_what_several_phases_varied_is_pooled_and_confounded_parameters_are_named() -> None:
    rows = random_rows(10) + random_rows(10, phase="again")
    result = found(rows, TWICE)
    assert list(result.phases) == ["extend", "again", POOLED]
    assert {bar.name for bar in result.phases[POOLED][0].bars} == {"window", "learning_rate"}
    assert result.phases[POOLED][0].trials == 20
    best = [("width", params, [0.01, 0.02]) for params in GRID * 2]
    confounded = found([*rows, *best], TWICE)
    assert POOLED not in confounded.phases
    assert any("not ranked over all phases: learning_rate, window" in note for note in confounded.notes)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "width has no COMPLETE trial."),
        (grid_rows(noisy)[:1], "width has one COMPLETE trial."),
        (grid_rows(noisy)[:3], "width is not analysed yet: its analysis of variance needs all of its 4 points"),
        ([*grid_rows(noisy)[:3], ("width", GRID[3], [1.0])], "width is not analysed yet"),
        (grid_rows(lambda cell, hidden_size: [0.5, 0.5]), "All values of width are equal"),
        (grid_rows(lambda cell, hidden_size: [1 + hidden_size]), "width has one seed a point"),
        (grid_rows(lambda cell, hidden_size: [1.0, None]), "COMPLETE trials with a seed that has no finite value"),
        (grid_rows(lambda cell, hidden_size: [1.0, 0.0]), "COMPLETE trials with a seed that has no finite value"),
        (random_rows(4), "extend has 4 COMPLETE trials, and a bootstrap over trials needs 5."),
        (
            random_rows(9),
            "extend: PED-ANOVA is not shown: it compares the best 8 with all, and needs 16 trials.",
        ),
        (
            [("extend", {"window": 2 + i % 5}, [0.1 + i]) for i in range(9)],
            "extend varied window alone, and one parameter has no rank.",
        ),
        ([("extend", {}, [0.1 + i]) for i in range(9)], "No parameter varies among the 9 COMPLETE trials of extend."),
    ],
)
def test_what_cannot_be_told_is_a_sentence(rows: list[Any], sentence: str) -> None:
    assert any(sentence in note for note in found(rows).notes)


def test_pruned_trials_are_counted() -> None:
    study, definition = stored(random_rows(3))
    for trial in study.get_trials():
        trial.state = type(trial.state).PRUNED
        study.add_trial(trial)
    assert "PRUNED trials have no final value and no say: 3 of extend." in study_importance(study, definition).notes


def test_a_trial_of_an_older_volopt_counts_as_one_seed() -> None:
    study, definition = stored(random_rows(3))
    for trial in study.get_trials():
        trial.system_attrs = {}
        study.add_trial(trial)
    assert [trial.seeds.size for trial in seeded_trials(study, definition)[0]] == [2, 2, 2, 1, 1, 1]


def test_divergences_are_those_of_optuna() -> None:
    study, definition = stored(random_rows(30, 1))
    trials, _ = seeded_trials(study, definition)
    panel = phase_panel(definition.phases[1], trials)
    rate = evaluators.divergences(panel, distributions(definition), 0.3)
    ours = rate(np.arange(30), np.array([trial.value for trial in trials]))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=0.3)
    theirs = evaluator.evaluate(study, params=list(panel.parameters))
    assert ours == pytest.approx([theirs[name] for name in panel.parameters])


def test_a_parameter_without_effect_has_about_0_by_ped_anova() -> None:
    (ped, _) = found(random_rows(60, noise=0.01)).phases["extend"]
    window = next(bar for bar in ped.bars if bar.name == "window")
    assert window.value < 0.05
    assert window.low == 0


def test_of_very_many_trials_a_sample_is_taken_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluators, "MAX_TRIALS", 20)
    result = found(random_rows(30))
    assert result.phases["extend"][0].trials == 20
    assert "extend: a random sample of 20 of its 30 COMPLETE trials." in result.notes


def test_a_disagreement_is_told() -> None:
    rows = []  # a cliff in the window explains the variance; the best trials differ in the learning rate alone
    for index, (phase, params, _) in enumerate(random_rows(60)):
        value = 10.0 if params["window"] == 2 else 1 + abs(math.log10(params["learning_rate"]) + 2.5) / 10
        rows.append((phase, params, [value, value * (1 + 1e-6 * (index % 3))]))
    notes = found(rows).notes
    assert "They disagree in extend: PED-ANOVA puts learning_rate first, fANOVA window." in notes
    assert any(note.startswith("PED-ANOVA asks") for note in notes)
