"""The example notebook, run by a real kernel: workers, tables and figures in Jupyter."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import volopt
from volopt.api.arguments import VARIABLES
from volopt.studies.study import runs

SOURCE = Path(__file__).parents[2] / "study" / "notebook.py"


def notebook(text: str) -> NotebookNode:
    """Return a script in percent format as a notebook."""
    cells = []
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        kind, _, body = part.partition("\n")
        if "markdown" in kind:
            cells.append(new_markdown_cell(re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE)))
        else:
            cells.append(new_code_cell(body.strip()))
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the notebook runs, empty at first."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def executed(directory: Path) -> dict[str, NotebookNode]:
    """The executed code cells by the last line of each, in an empty directory and without the machine's data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(directory))
        for name in VARIABLES.values():
            patch.delenv(name, raising=False)
        client = NotebookClient(
            notebook(SOURCE.read_text()), timeout=1200, resources={"metadata": {"path": str(directory)}}
        )
        done = client.execute()
    nbformat.validate(done)
    return {cell.source.splitlines()[-1].strip(): cell for cell in done.cells if cell.cell_type == "code"}


def printed(cell: NotebookNode, stream: str) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == stream)


def shown(cell: NotebookNode) -> NotebookNode:
    (result,) = (output.data for output in cell.outputs if output.output_type in ("execute_result", "display_data"))
    return result


def test_a_run_prints_its_trials_and_warns_that_the_data_are_synthetic(executed: dict[str, NotebookNode]) -> None:
    (cell,) = (cell for line, cell in executed.items() if line.startswith("study = volopt.run("))
    assert re.findall(r"^search (\d/4): trial \d COMPLETE, valid_log_r2", printed(cell, "stdout"), re.MULTILINE) == [
        "1/4", "2/4", "3/4", "4/4",
    ]  # fmt: skip
    assert "UserWarning: SYNTHETIC SAMPLE" in printed(cell, "stderr")


def test_its_fits_were_trained_by_worker_processes(executed: dict[str, NotebookNode], directory: Path) -> None:
    study = volopt.Study("example", f"sqlite:///{directory}/storage/volopt.db")
    (run,) = runs(study.optuna)
    assert (run.workers, len(study.seeds())) == (2, 8)


def test_tables_and_figures_are_shown(executed: dict[str, NotebookNode]) -> None:
    assert shown(executed['study.figure("history")'])["application/vnd.plotly.v1+json"]["data"]
    tables = [
        cell for line, cell in executed.items() if line.startswith(("best.", "seeds.", "backtest.", "forecaster."))
    ]
    assert [("<table" in shown(cell)["text/html"]) for cell in tables] == [True] * 4


def test_a_mistake_is_one_sentence_with_a_hint(executed: dict[str, NotebookNode]) -> None:
    said = printed(list(executed.values())[-1], "stdout")
    assert said == 'there is no study "exmaple" in the storage, did you mean "example"?\nHint: there are: example\n'
