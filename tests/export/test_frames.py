"""Tables as DataFrames: their columns follow from the definition; the API's tests compare their numbers."""

from pathlib import Path

import pytest

from builders import SOURCE, definition, in_periods
from hand_made import Shelf
from volopt.errors import StudyError
from volopt.export.frames import read_frame
from volopt.studies import study as studies


def test_only_a_study_with_several_valid_periods_has_the_table_periods(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    several, one = definition(in_periods()), definition().model_copy(update={"name": "one"})
    study = studies.open_or_create(shelf.storage, several, SOURCE)
    frame, notes = read_frame(study, several, shelf.artifacts, "periods")
    assert (len(frame), notes) == (0, [])
    assert frame.dtypes.astype(str)[["trial", "period", "valid_mse"]].tolist() == ["int64", "int64", "float64"]
    with pytest.raises(StudyError, match='the study "one" has one valid period, so it has no table periods'):
        read_frame(studies.open_or_create(shelf.storage, one, SOURCE), one, shelf.artifacts, "periods")
