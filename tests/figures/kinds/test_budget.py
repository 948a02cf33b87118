"""The rank correlation of early epochs with the final value."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from figures.kinds.stored import Stored, trial_content
from volopt.figures.chart import Band, Chart, Line
from volopt.figures.drawing.files import renderer
from volopt.figures.kinds.budget import chart
from volopt.figures.study_view import NothingToPlotError

EPOCHS = 10


def filled(directory: Path, count: int, seeds: int = 3, **changes: Any) -> tuple[Stored, np.ndarray]:
    """Return a study of trials whose losses come nearer to their end, and the losses: shape (trials, seeds, epochs)."""
    generator = np.random.default_rng(0)
    ends = generator.uniform(1, 2, (count, 1, 1)) + generator.uniform(0, 0.1, (count, seeds, 1))
    losses = ends + generator.uniform(0, 2, (count, seeds, EPOCHS)) * np.linspace(1, 0, EPOCHS)
    stored = Stored(directory, epochs=EPOCHS, seeds=seeds, **changes)
    for trial in losses:
        content = trial_content([np.ones(40)] * seeds, trial.tolist(), [None] * seeds)
        stored.add(content, value=float(trial[:, -1].mean()))
    return stored, losses


def lines(figure: Chart) -> dict[str, list[float]]:
    return {mark.name: [float(y or 0) for y in mark.y] for mark in figure.subplots[0].marks if isinstance(mark, Line)}


def test_each_line_is_spearmans_correlation_with_the_final_value(tmp_path: Path) -> None:
    stored, losses = filled(tmp_path, 12)
    figure = chart(stored.view)
    final = losses[:, :, -1].mean(axis=1)
    expected = {
        "all fits of a trial": [spearmanr(losses[:, :, at].mean(axis=1), final).statistic for at in range(EPOCHS)],
        "its first fit alone": [spearmanr(losses[:, 0, at], final).statistic for at in range(EPOCHS)],
    }
    assert lines(figure) == {name: pytest.approx(values) for name, values in expected.items()}
    assert lines(figure)["all fits of a trial"][-1] == pytest.approx(1.0)
    marks = figure.subplots[0].marks
    for band, line in zip(marks[::2], marks[1::2], strict=True):
        assert isinstance(band, Band)
        assert isinstance(line, Line)
        low, value, high = (np.asarray(each, float) for each in (band.low, line.y, band.high))
        assert ((low <= value + 1e-9) & (value <= high + 1e-9)).all()
    assert "12 trials" in figure.subplots[0].title


def test_fewer_than_four_trials_have_no_correlation(tmp_path: Path) -> None:
    stored, _ = filled(tmp_path, 3)
    with pytest.raises(NothingToPlotError, match="needs 4 COMPLETE trials of a phase with their files; grid has 3"):
        chart(stored.view)


def test_equal_values_are_drawn_without_a_warning(tmp_path: Path) -> None:
    stored = Stored(tmp_path, epochs=3, seeds=2)
    for _ in range(6):
        stored.add(trial_content())
    figure = chart(stored.view)
    with renderer("svg") as (_, draw):
        assert draw(figure)


def test_trials_of_different_epochs_have_no_common_early_one(tmp_path: Path) -> None:
    stored, _ = filled(tmp_path, 12)
    space = stored.definition.space | {"epochs": (5, EPOCHS)}
    stored.definition = stored.definition.model_copy(update={"space": space})
    with pytest.raises(NothingToPlotError, match="different numbers of epochs"):
        chart(stored.view)
