"""The dashboard's app over a small stored study."""

import shutil
from pathlib import Path
from wsgiref.types import WSGIApplication

import optuna
import pytest

from dashboard.asking import Drawn, Make
from hand_made import Shelf
from volopt.dashboard.guards import guarded
from volopt.dashboard.pages import PageRenderers
from volopt.dashboard.serve import dashboard
from volopt.definition.schema import Definition
from volopt.storage.database.connect import connect
from volopt.studies import study as studies


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Definition]:
    """A directory with a study of a COMPLETE trial 0, a FAILed trial 1 and a COMPLETE trial 2; for copies."""
    directory = tmp_path_factory.mktemp("filled")
    shelf = Shelf(directory)
    found = shelf.study("grid")
    shelf.trial(found, {"a": 1})
    shelf.failed(found, "the loss is not finite")
    shelf.trial(found, None, cell="RNN")
    shelf.storage.engine.dispose()
    return directory, found


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
def make(shelf: Shelf, drawn: Drawn, tmp_path: Path) -> Make:
    """Makes the whole app, as the server has it."""
    url = f"sqlite:///{tmp_path}/volopt.db"

    def made(*, writes: bool = True, local: bool = True, drawing: PageRenderers | None = None) -> WSGIApplication:
        writer = connect(url, write=True) if writes else None
        found = dashboard(connect(url), writer, shelf.artifacts, drawing or PageRenderers(drawn.page, drawn.picture))
        return guarded(found, local=local)

    return made


@pytest.fixture
def app(make: Make) -> WSGIApplication:
    return make()
