"""The list of studies: each study with its best value beside its best baseline, and what cannot be read."""

import math
import re
from pathlib import Path

import optuna
import pytest

from hand_made import Shelf
from volopt.figures.study_view import StudyView
from volopt.optuna_internals import storage_of
from volopt.report.studies import studies_page
from volopt.studies import study as studies
from volopt.studies.attributes import PREFIX
from volopt.studies.best_trial import baseline_name

TITLE = "Hidden size and depth of RNN and LSTM, SH600000 volume"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def rows(html: str) -> list[list[str]]:
    """The cells of each row of the table, without markup."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in cells]


def test_a_study_has_its_title_progress_best_value_and_best_baseline(small: StudyView) -> None:
    best = min((each for each in small.rows if each["value"] is not None), key=lambda each: each["value"])
    baseline = max(small.baselines, key=lambda name: small.baselines[name]["valid_log_r2"] or -math.inf)
    value = small.baselines[baseline]["valid_mse"]
    listed = {row[0]: row[1:] for row in rows(studies_page(storage_of(small.study)))}  # other tests add studies
    title, done, *values, link = listed["small"]
    assert (done, link) == ("7 of 7", "report")
    assert title.endswith("SYNTHETIC")
    named = f"{value:.4g} ({baseline_name(baseline)})"
    assert values == ["valid_mse", f"{best['value']:.4g} (trial {best['number']})", named]


def test_the_newest_study_is_first_and_a_title_cannot_become_markup(shelf: Shelf) -> None:
    shelf.study("first", text=(TITLE, "<b>bold & wide</b>"))
    shelf.study("second")
    assert [row[:2] for row in rows(studies_page(shelf.storage))] == [
        ["second", f"{TITLE} SYNTHETIC"],
        ["first", "&lt;b&gt;bold &amp; wide&lt;/b&gt; SYNTHETIC"],
    ]


def test_a_study_that_cannot_be_read_is_a_sentence_and_the_others_are_listed(shelf: Shelf) -> None:
    shelf.study("whole")
    shelf.study("damaged")
    studies.find(shelf.storage, "damaged")[0].set_user_attr(PREFIX + "definition", "{}")
    page = studies_page(shelf.storage)
    assert [row[0] for row in rows(page)] == ["whole"]
    assert re.search(r'class="warning">[^<]*damaged', page)


def test_studies_under_names_that_others_gave_and_those_of_other_programs_are_listed(shelf: Shelf) -> None:
    shelf.study("mine")
    optuna.create_study(study_name="<i>theirs</i>", storage=shelf.storage)
    study_id = shelf.storage.get_study_id_from_name("mine")
    with shelf.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE studies SET study_name = 'my study' WHERE study_id = ?", (study_id,))
    page = studies_page(Shelf(shelf.artifacts.directory.parent).storage)
    assert [(row[0], row[-1]) for row in rows(page)] == [("my study", "")]
    assert "Studies of other programs: &lt;i&gt;theirs&lt;/i&gt;" in page


def test_without_studies_the_page_says_what_to_run(shelf: Shelf) -> None:
    page = studies_page(shelf.storage)
    assert "volopt run grid --quick" in page
