"""The figures of a study's page that no run has stored."""

from collections.abc import Iterator
from typing import Any

import optuna
import pytest
from plotly.graph_objects import Figure

from dashboard.asking import Make, detail
from hand_made import Shelf
from processes import until
from volopt.dashboard.study_figures import MAX_SHARE, FiguresOnDemand
from volopt.definition.schema import Definition
from volopt.errors import StudyError
from volopt.figures.study_view import StudyView

SECONDS = 60.0


class Painter:
    """Draws one card that says how many trials it shows, and takes 3 seconds of its own clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def draw(self, view: StudyView) -> Iterator[tuple[str, Any]]:
        yield "volopt-history-01", Figure(layout={"title": {"text": f"{len(view.complete)} trials"}})
        self.now += 3.0


@pytest.fixture
def painter() -> Painter:
    return Painter()


def shown(figures: FiguresOnDemand, study: optuna.Study, expected: str) -> bool:
    """Whether the only card comes to say so."""

    def says() -> bool:
        graphs = figures.graphs(study.study_name, study._study_id)
        return [expected in graph["graph_object"] for graph in graphs] == [True]

    return until(says, SECONDS)


def test_figures_are_drawn_in_the_background_and_again_for_new_trials_when_their_share_of_time_allows(
    shelf: Shelf, study: optuna.Study, grid: Definition, painter: Painter
) -> None:
    figures = FiguresOnDemand(shelf.storage, shelf.artifacts, painter.draw, painter.clock)
    assert figures.graphs("grid", study._study_id) == []
    assert shown(figures, study, "2 trials")
    assert painter.now == 3.0
    shelf.trial(grid, None, cell="LSTM")
    painter.now = 3.0 + 3.0 / MAX_SHARE - 1
    assert shown(figures, study, "2 trials")
    painter.now += 1
    assert shown(figures, study, "3 trials")
    painter.now *= 100
    assert shown(figures, study, "3 trials")  # nothing is new
    assert painter.now == 100 * (2 * 3.0 + 3.0 / MAX_SHARE)


@pytest.mark.parametrize("error", [StudyError("the study is damaged"), ZeroDivisionError("ink")])
def test_a_study_that_cannot_be_drawn_has_no_figures_and_is_not_tried_at_once_again(
    shelf: Shelf, study: optuna.Study, error: Exception
) -> None:
    tried: list[str] = []

    def refuse(view: StudyView) -> Iterator[tuple[str, Any]]:
        tried.append(view.name)
        raise error

    figures = FiguresOnDemand(shelf.storage, shelf.artifacts, refuse)
    assert until(lambda: figures.graphs("grid", study._study_id) == [] and bool(tried), SECONDS)
    assert figures.graphs("grid", study._study_id) == []
    assert tried == ["grid"]


def test_the_page_of_a_study_shows_them(make: Make, study: optuna.Study) -> None:
    app = make()
    assert until(lambda: [graph["id"] for graph in detail(app, study)["plotly_graph_objects"]] != [], SECONDS)
    assert [graph["id"] for graph in detail(app, study)["plotly_graph_objects"]] == ["volopt-history-01"]
