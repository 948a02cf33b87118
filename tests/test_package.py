"""What is installed: one version, and a wheel with everything in it."""

import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import volopt
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
    assert not any(name.startswith(("tests", "storage")) for name in wheel_names(wheel))


def wheel_names(wheel: Path) -> list[str]:
    """Return the paths of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()
