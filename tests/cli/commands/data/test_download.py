"""``volopt data download``."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders import Volopt
from volopt.cli.output import SYNTHETIC
from zip_server import Server, cut, moved, reset, stalled, status, whole

ALTERNATIVES = ("--url", "volopt data import", "volopt data sample")


def test_a_zip_of_a_server_is_downloaded_and_checked(volopt: Volopt, zips: Server, sample_zip: Path) -> None:
    code, out, err = volopt("data", "download", "mine", "--url", zips.url(whole(sample_zip.read_bytes())))
    assert code == 0
    assert out.startswith(f"{SYNTHETIC}\nmine: 2198 days from 2010-01-04 to 2018-12-28\n")
    assert out.splitlines()[-1] == "Next: volopt data plot mine SH600000"
    size = f"{sample_zip.stat().st_size / 1e6:.1f}"
    lines = [f"downloading: 0.0 of {size} MB", f"downloading: {size} of {size} MB"]
    assert err.splitlines() == [*lines, "unpacking 52 files", "checking 7 instruments"]
    assert [path.name for path in Path().iterdir()] == ["mine"]
    assert volopt("data", "check", "mine")[:2] == (0, "".join(out.splitlines(keepends=True)[:-2]))


@pytest.mark.parametrize("region", ["cn", "us"])
def test_the_default_directory_is_qlib_s_usual_one(
    volopt: Volopt, sample_zip: Path, tmp_path: Path, region: str
) -> None:
    assert volopt("data", "download", "--region", region, "--url", sample_zip)[0] == 0
    assert (tmp_path / f".qlib/qlib_data/{region}_data/calendars/day.txt").is_file()
    code, _, err = volopt("data", "download", "--region", region, "--url", sample_zip)
    assert (code, "already exists" in err, "--force" in err) == (2, True, True)
    assert volopt("data", "download", "--region", region, "--url", sample_zip, "--force")[0] == 0


def test_a_run_uses_the_official_set(
    volopt: Volopt, zips: Server, sample_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pytest.importorskip("qlib.tests.data", reason="no qlib on this Python")
    url = zips.url(whole(sample_zip.read_bytes()), path="/v2/qlib_data_cn_1d_latest.zip")
    monkeypatch.setattr(data.GetData, "REMOTE_URL", url.removesuffix("/v2/qlib_data_cn_1d_latest.zip"))
    assert volopt("data", "download")[0] == 0
    _, out, _ = volopt("check", "grid", "--json")
    assert json.loads(out)["data"]["provider"] == str(tmp_path / ".qlib/qlib_data/cn_data")


def test_json_has_only_the_facts(volopt: Volopt, zips: Server, sample_zip: Path) -> None:
    url = zips.url(whole(sample_zip.read_bytes()), user="me:secret@")
    code, out, err = volopt("data", "download", "mine", "--url", f"{url}?key=secret", "--json")
    facts = json.loads(out)
    assert code == 0
    assert list(facts)[:6] == ["url", "bytes", "sha256", "files", "left_out", "replaced"]
    assert facts["readable"] is facts["synthetic"] is True
    assert facts["directory"] == "mine"
    assert "secret" not in out + err


def test_the_first_of_many_instruments_and_problems_are_printed(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(sample, copy)
    with (copy / "instruments" / "all.txt").open("a") as file:
        file.writelines(f"^NO{number:03}\t2010-01-04\t2010-02-01\n" for number in range(100))
    (copy / "notes.txt").touch()
    code, out, _ = volopt("data", "download", "mine", "--url", shutil.make_archive("x", "zip", copy))
    assert code == 0
    assert "... and 97 more instruments; volopt data check shows them all.\n" in out
    assert out.count("Problem: ^NO0") == 10
    assert "more problems; volopt data check shows them all.\n" in out
    assert "1 other files of the zip were left out" in out
    assert len(volopt("data", "check", "mine")[1].splitlines()) > 200


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut", "the download from 127.0.0.1 stopped after 0.3 of 0.3 MB: the connection was closed."),
        ("reset", "Error: "),
        ("page", "data.zip is not a zip but text/html."),
        ("absent", "data.zip cannot be downloaded: 404 Not Found."),
        ("nowhere", "no network, or no route to no.such.host.invalid: "),
        ("circle", "127.0.0.1 cannot be reached: it redirects in a circle."),
        ("broken", "the zip is broken: "),
    ],
)
def test_a_failed_download_names_the_alternatives_and_leaves_nothing(
    volopt: Volopt, zips: Server, sample_zip: Path, name: str, message: str
) -> None:
    content = sample_zip.read_bytes()
    answers = {
        "cut": cut(content, len(content) - 1000),
        "reset": reset(content, len(content) // 2),
        "page": whole(b"<!doctype html>", Content_Type="text/html"),
        "absent": status(404),
        "nowhere": moved("http://no.such.host.invalid/"),
        "circle": moved("/data.zip"),
        "broken": whole(content[:-1000]),
    }
    url = "http://no.such.host.invalid/x.zip" if name == "nowhere" else zips.url(answers[name])
    code, out, err = volopt("data", "download", "above/mine", "--url", url, "--json")
    assert code == 1
    assert message in err
    assert all(command in err and command in json.loads(out)["hint"] for command in ALTERNATIVES)
    assert list(Path().iterdir()) == []


def test_without_qlib_the_official_set_needs_an_address(
    volopt: Volopt, sample_zip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qlib.tests.data", None)
    code, _, err = volopt("data", "download", "mine")
    assert (code, "no wheels past Python 3.12" in err, "--url" in err) == (2, True, True)
    assert volopt("data", "download", "mine", "--url", sample_zip)[0] == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_polite_kill_leave_nothing(
    zips: Server, sample_zip: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    url = zips.url(stalled(sample_zip.read_bytes(), 70_000, zips.closing))
    arguments = [sys.executable, "-m", "volopt", "data", "download", "above/mine", "--url", url]
    with subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("downloading: 0.0 of")
        assert (tmp_path / "above/.mine.staging").is_dir()
        process.send_signal(sent)
        assert process.stderr.read() == "Interrupted. No incomplete data are left.\n"
        assert process.wait() == 130
    assert list(tmp_path.iterdir()) == []
