"""``volopt plot`` as a person or a program types it, on a small study that was really run."""

import json
import re
import struct
from pathlib import Path

import pytest

from builders import Volopt
from small_runs import TWO_TRIALS, run
from volopt.figures.kinds import KINDS


@pytest.fixture(scope="module")
def storage(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of a finished run of two trials."""
    return run(TWO_TRIALS, tmp_path_factory.mktemp("plot"), sample).storage


@pytest.fixture(autouse=True)
def _stored(storage: str, volopt: Volopt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLOPT_STORAGE", storage)


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_one_kind_is_a_page_in_the_current_directory(volopt: Volopt, tmp_path: Path) -> None:
    code, out, err = volopt("plot", "small", "history")
    assert (code, err) == (0, "")
    assert out.splitlines() == [out.splitlines()[0], "small-history.html"]
    assert out.startswith("SYNTHETIC SAMPLE")
    assert files(tmp_path) == {"small-history.html"}
    assert (tmp_path / "small-history.html").read_text().startswith("<!doctype html>")


def test_the_numbers_are_those_of_the_trials(volopt: Volopt, tmp_path: Path) -> None:
    assert volopt("plot", "small", "history", "--format", "json")[0] == 0
    chart = json.loads((tmp_path / "small-history.json").read_text())
    points = [mark for mark in chart["panels"][0]["marks"] if mark["mark"] == "points"]
    drawn = {x: y for mark in points for x, y in zip(mark["x"], mark["y"], strict=True)}
    trials = json.loads(volopt("trials", "small", "--json")[1])
    assert drawn == {trial["number"]: trial["value"] for trial in trials}


def test_several_kinds_go_to_a_directory(volopt: Volopt, tmp_path: Path) -> None:
    code, out, _ = volopt("plot", "small", "edf", "history", "edf", "--out", "some/figures", "--format", "json")
    assert code == 0
    assert files(tmp_path) == {"some/figures/small-edf.json", "some/figures/small-history.json"}
    assert out.splitlines()[1:] == ["some/figures/small-edf.json", "some/figures/small-history.json"]


def test_all_draws_what_there_is_and_tells_the_rest(volopt: Volopt, tmp_path: Path) -> None:
    code, out, err = volopt("plot", "small", "all", "--out", "figures", "--format", "json", "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert list(facts) == ["study", "files", "nothing", "drawn_by"]
    assert (facts["study"], facts["drawn_by"]) == ("small", "volopt")
    assert [*facts["files"], *facts["nothing"]] == [
        *(name for name in KINDS if name in facts["files"]),
        *(name for name in KINDS if name in facts["nothing"]),
    ]
    assert facts["files"].keys() | facts["nothing"].keys() == KINDS.keys()
    nothing = {"contour", "rank", "periods", "budget"}  # two trials in one valid period, and one parameter varies
    assert facts["nothing"].keys() == nothing
    assert facts["nothing"]["rank"].startswith("only hidden_size varies in small")
    assert facts["files"] == {kind: f"figures/small-{kind}.json" for kind in facts["files"]}
    assert {f"figures/{Path(path).name}" for path in facts["files"].values()} == files(tmp_path)
    code, out, err = volopt("plot", "small", "history", "rank", "--format", "json")
    assert code == 0
    assert out.splitlines()[1:] == ["small-figures/small-history.json"]
    assert err.startswith("rank is not drawn: only hidden_size varies in small")


def test_nothing_to_draw_is_a_sentence_and_exit_1(volopt: Volopt, tmp_path: Path) -> None:
    code, out, err = volopt("plot", "small", "rank", "contour", "--json")
    assert code == 1
    assert "only hidden_size varies in small, and a pair needs two parameters" in err
    assert "Hint: draw the figure slice instead." in err
    assert json.loads(out).keys() == {"error", "hint"}
    assert files(tmp_path) == set()


@pytest.mark.parametrize("out", ["figure.json", "figure.JSON", "a/b.json"])
def test_the_ending_of_out_gives_the_format(volopt: Volopt, tmp_path: Path, out: str) -> None:
    assert volopt("plot", "small", "edf", "--out", out)[:2][0] == 0
    assert files(tmp_path) == {out}
    assert json.loads((tmp_path / out).read_text())["panels"]


def test_a_name_without_ending_is_taken_as_it_is(volopt: Volopt, tmp_path: Path) -> None:
    assert volopt("plot", "small", "edf", "--out", "figure", "--format", "json")[0] == 0
    assert files(tmp_path) == {"figure"}


def test_one_kind_may_go_to_a_directory_that_is_there(volopt: Volopt, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    assert volopt("plot", "small", "edf", "--format", "json", "--out", "figures")[0] == 0
    assert files(tmp_path) == {"figures/small-edf.json"}


def test_a_file_that_is_there_is_replaced_whole(volopt: Volopt, tmp_path: Path) -> None:
    (tmp_path / "small-edf.json").write_text("old" * 100_000)
    assert volopt("plot", "small", "edf", "--format", "json")[0] == 0
    assert json.loads((tmp_path / "small-edf.json").read_text())["title"]
    assert files(tmp_path) == {"small-edf.json"}


def test_trials_can_be_asked_for(volopt: Volopt, tmp_path: Path) -> None:
    trials = json.loads(volopt("trials", "small", "--json")[1])
    worst = max(trials, key=lambda trial: float(trial["value"]))["number"]
    assert volopt("plot", "small", "forecast", "--trial", worst, "--format", "json")[0] == 0
    assert f"trial {worst}" in (tmp_path / "small-forecast.json").read_text().lower()
    assert volopt("plot", "small", "all", "--trial", "0", "--trial", "1", "--format", "json", "--out", "d")[0] == 0
    assert len(json.loads((tmp_path / "d" / "small-curves.json").read_text())["panels"]) == 2


@pytest.mark.parametrize(
    ("code", "arguments", "message", "hint"),
    [
        (2, ["histroy"], 'there is no figure "histroy", did you mean "history"?', "history, importance"),
        (
            2,
            ["history", "--out", "x.png", "--format", "svg"],
            "--format svg and the file name x.png contradict",
            "remove one of them",
        ),
        (2, ["history", "--out", "x.gif"], "x.gif names no format", ".html, .png, .svg, .pdf, .json"),
        (2, ["history", "--width", "8.5"], "--dpi are for pictures, and html is none", "add --format png"),
        (2, ["history", "edf", "--out", "there"], "there is a file, but several figures need a directory", "--out"),
        (2, ["all", "--out", "there"], "there is a file, but several figures need a directory", "--out"),
        (2, ["history", "--trial", "0"], "--trial is for curves and forecast", "remove --trial"),
        (1, ["history", "curves", "--trial", "9"], "small has no trial 9", "volopt trials small"),
        (1, ["history", "--format", "json", "--out", "there/x.json"], "cannot write there/x.json", "--out"),
    ],
)
def test_wrong_input_is_told_and_writes_nothing(
    volopt: Volopt, tmp_path: Path, code: int, arguments: list[str], message: str, hint: str
) -> None:
    (tmp_path / "there").write_text("")
    said = volopt("plot", "small", *arguments)
    assert said[0] == code, said
    assert message in said[2]
    assert re.search(rf"^Hint: .*{re.escape(hint)}", said[2], re.MULTILINE)
    assert files(tmp_path) == {"there"}


def test_no_kind_or_an_unknown_study_is_told(volopt: Volopt) -> None:
    assert volopt("plot", "small")[0] == 2
    code, _, err = volopt("plot", "smal", "history")
    assert code == 1
    assert 'did you mean "small"?' in err


def test_without_a_browser_matplotlib_draws_and_says_so(
    volopt: Volopt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere")
    code, out, _ = volopt("plot", "small", "edf", "--format", "svg")
    assert code == 0
    assert "Drawn by matplotlib" in out.splitlines()[-1]
    assert b"<svg" in (tmp_path / "small-edf.svg").read_bytes()[:1000]
    assert json.loads(volopt("plot", "small", "edf", "--out", "x.png", "--json")[1])["drawn_by"] == "matplotlib"
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_several_figures_have_a_folder_and_a_picture_its_width(volopt: Volopt, tmp_path: Path) -> None:
    assert volopt("plot", "small", "edf", "history", "--format", "json")[0] == 0
    assert files(tmp_path) == {"small-figures/small-edf.json", "small-figures/small-history.json"}
    assert volopt("plot", "small", "edf", "--out", "x.png", "--width", "10", "--dpi", "254")[0] == 0
    assert struct.unpack(">I", (tmp_path / "x.png").read_bytes()[16:20])[0] == pytest.approx(1000, abs=3)


def test_help_names_every_kind(volopt: Volopt) -> None:
    code, out, _ = volopt("plot", "--help")
    assert code == 0
    for name, kind in KINDS.items():
        assert re.search(rf"^ +{name} +{re.escape(kind.description)}$", out, re.MULTILINE)
