"""What is installed: one version, and a wheel with everything in it."""

import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import volopt
from cli.test_light_start import HEAVY
from volopt.definition.load import shipped

ROOT = Path(__file__).parents[1]


def test_the_version_comes_from_one_place() -> None:
    assert metadata.version("volopt") == volopt.__version__


def test_an_installed_wheel_finds_the_study_files_by_name(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = "from volopt.definition.load import load, shipped; print(*(load(p.stem).name for p in shipped()))"
    environment = dict(os.environ) | {"PYTHONPATH": str(tmp_path / "installed")}
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert said.stdout.split() == [path.stem for path in shipped()]
    names = wheel_names(wheel)
    assert not any(name.startswith(("tests", "storage")) for name in names)
    assert {"volopt/py.typed", "volopt/study/notebook.py"} <= set(names)


def test_importing_volopt_imports_nothing_else_before_a_name_is_used() -> None:
    code = "import sys; before = {*sys.modules}; import volopt; print(*{*sys.modules} - before)"
    assert said_by(code) == "volopt"


@pytest.mark.parametrize("name", [name for name in volopt.__all__ if name != "__version__"])
def test_a_name_of_volopt_imports_what_describes_it_and_nothing_heavy(name: str) -> None:
    code = f"import sys, volopt; volopt.{name}; print(*{HEAVY | {'optuna', 'click', 'rich'}} & sys.modules.keys())"
    assert said_by(code) == ""


def test_an_unknown_name_is_an_attribute_error_and_all_names_are_completed() -> None:
    with pytest.raises(AttributeError, match="module 'volopt' has no attribute 'rum'"):
        _ = volopt.rum  # type: ignore[attr-defined]
    assert set(volopt.__all__) <= set(dir(volopt))


def said_by(code: str) -> str:
    """Return what a new interpreter prints."""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def wheel_names(wheel: Path) -> list[str]:
    """Return the paths of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()
