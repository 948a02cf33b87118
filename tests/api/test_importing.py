"""``volopt.import_data``: what ``volopt data import`` writes and says."""

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

import volopt
from builders import Volopt
from volopt.data.provider import open_provider

ROWS = "Day;Last;Shares\n01/04/2010;10.0;5\n01/05/2010;11.0;6\n"


def test_it_imports_and_reports_as_the_command_line(command_line: Volopt, tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(ROWS)
    columns = {"date": "Day", "close": "Last", "volume": "Shares"}
    report = volopt.import_data("AAPL.csv", to="mine", map=columns, volume_unit=100, dates="month-first")
    options = [part for item in columns.items() for part in ("--map", "=".join(item))]
    _, out, _ = command_line(
        "data", "import", "AAPL.csv", "--to", "other", *options, "--volume-unit", "lots", "--dates", "month-first",
        "--json",
    )  # fmt: skip
    said = json.loads(out)
    assert json.loads(json.dumps(asdict(report), default=str)) | {"directory": "other"} == said
    assert open_provider(tmp_path / "mine").column("AAPL", "$volume").tolist() == [500.0, 600.0]
    assert pd.DataFrame(report.instruments)[["name", "days"]].values.tolist() == [["AAPL", 2]]
