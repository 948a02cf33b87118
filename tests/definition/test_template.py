import re

import pytest

from volopt.definition.load import read
from volopt.definition.schema import Definition, Objective, Phase
from volopt.definition.sections import Data, ForecastRule, Model, Published, Training
from volopt.definition.template import template
from volopt.errors import UsageError


def test_the_template_loads_under_its_name() -> None:
    assert read(template("mine"), "mine.toml").name == "mine"


@pytest.mark.parametrize("table", [Definition, Data, Model, Training, Phase, Objective, ForecastRule, Published])
def test_the_template_shows_every_key(table: type[Definition]) -> None:
    text = template("mine")
    for name, field in table.model_fields.items():
        assert re.search(rf"^(# )?(\[+{field.alias or name}\]|{name} =)", text, re.MULTILINE), name


def test_the_optional_tables_work_once_their_marks_are_gone() -> None:
    head, published = template("mine").split("# [published]")
    head = head.replace("# files =", "files =")
    text = head + "[published]" + published.replace("\n# ", "\n")
    assert read(text, "mine.toml").published is not None


@pytest.mark.parametrize("name", ["", "two words", "../up", "a\n"])
def test_a_name_that_no_study_may_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a study"):
        template(name)
