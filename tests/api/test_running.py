"""``volopt.run``: its arguments are the options, and it tells what happens."""

from pathlib import Path

import optuna
import pytest

import volopt
from cli.test_training_faults import exploding
from small_runs import GRID_AND_RANDOM
from volopt.search.callbacks import Callback
from volopt.search.plan import PhasePlan
from volopt.storage.artifacts import Artifacts
from volopt.studies.study import runs


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.toml"
    path.write_text(GRID_AND_RANDOM)
    return path


@pytest.mark.filterwarnings("ignore:SYNTHETIC SAMPLE")
def test_its_arguments_are_the_options(file: Path, sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = volopt.run(
        file, data=sample, phase="extend", seeds=1, trials=1, name="other", workers=1, device="cpu", pictures="none"
    )
    trials = study.trials()
    assert (study.name, trials["phases"].tolist(), trials["state"].tolist()) == ("other", ["extend"], ["COMPLETE"])
    options = "--phase=extend --name=other --seeds=1 --trials=1 --workers=1 --device=cpu --pictures=none"
    url = "sqlite:///storage/volopt.db"
    assert runs(study.optuna)[-1].command == f"volopt run {file} {options} --data={sample} --storage={url}"
    assert f"extend 1/1: trial 0 COMPLETE, valid_mse {trials['value'][0]:.5g} (" in capsys.readouterr().out


class Counted(Callback):
    """Remember how many fits a run has to train."""

    fits = -1

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: list[PhasePlan]) -> None:
        self.fits = sum(plan.fits for plan in plans)


def test_the_same_call_resumes_quietly_or_with_a_callback(
    file: Path, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = Counted()
    for progress in (False, counted):
        with pytest.warns(UserWarning, match="SYNTHETIC SAMPLE") as caught:
            study = volopt.run(
                file, data=sample, phase=["width"], seeds=1, workers=1, device="cpu", pictures="none", progress=progress
            )
        assert caught[0].filename == __file__
    assert capsys.readouterr().out == ""
    assert (len(study.trials()), counted.fits) == (4, 0)


@pytest.mark.filterwarnings("ignore:SYNTHETIC SAMPLE")
def test_it_warns_of_failed_trials(file: Path, sample: Path) -> None:
    file.write_text(exploding(cells=["RNN"], decays=[10.0]))
    with pytest.warns(UserWarning, match=r"trials? failed: "):
        study = volopt.run(file, data=sample, workers=1, device="cpu", pictures="none", progress=False)
    assert set(study.trials()["state"]) == {"FAIL"}
