"""The dashboard's app over a small stored study."""

import shutil
from collections.abc import Callable
from pathlib import Path
from wsgiref.types import WSGIApplication

import optuna
import pytest

from dashboard.asking import Drawn, Make
from hand_made import Shelf
from volopt.dashboard import pages
from volopt.dashboard.guards import guard
from volopt.dashboard.pages import Pages
from volopt.dashboard.serve import dashboard
from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.report.studies import studies_page
from volopt.storage.database.connect import connect
from volopt.studies import study as studies


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Definition]:
    """A directory with a study of a COMPLETE trial 0, a FAILed trial 1 and a COMPLETE trial 2; for copies."""
    directory = tmp_path_factory.mktemp("filled")
    shelf = Shelf(directory)
    definition = shelf.study("grid")
    shelf.trial(definition, {"a": 1})
    shelf.failed(definition, "the loss is not finite")
    shelf.trial(definition, None, cell="RNN")
    shelf.storage.engine.dispose()
    return directory, definition


@pytest.fixture
def grid(filled: tuple[Path, Definition]) -> Definition:
    return filled[1]


@pytest.fixture
def shelf(filled: tuple[Path, Definition], tmp_path: Path) -> Shelf:
    shutil.copytree(filled[0], tmp_path, dirs_exist_ok=True)
    return Shelf(tmp_path)


@pytest.fixture
def study(shelf: Shelf) -> optuna.Study:
    return studies.find(shelf.storage, "grid")[0]


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()


@pytest.fixture
def make(shelf: Shelf, drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes the whole app, as the server has it."""
    url = f"sqlite:///{tmp_path}/volopt.db"

    monkeypatch.setattr(pages, "trial_png", drawn.picture)

    def made(
        *, writes: bool = True, local: bool = True, page: Callable[[StudyView], str] = drawn.page
    ) -> WSGIApplication:
        writer = connect(url, write=True) if writes else None
        return guard(
            dashboard(connect(url), writer, shelf.artifacts, Pages(studies_page, page, drawn.cards)), local=local
        )

    return made


@pytest.fixture
def app(make: Make) -> WSGIApplication:
    return make()
