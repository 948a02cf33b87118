"""What a stranger's database may hold in place of errors."""

import json
from pathlib import Path

import pytest

from importance.studies import ERRORS, grid_rows, stored
from volopt.importance.importance import study_importance
from volopt.selection.evaluation import evaluate
from volopt.storage.artifacts import Artifacts


@pytest.mark.parametrize("metric", ["valid_mse", "valid_log_r2"])
@pytest.mark.parametrize("values", [[1e307, 1e307], [1e307, 1e-307], [-1e307, 1e307], [0.0, 0.0], [1e300, 1.0]])
def test_no_value_is_too_large_or_too_small(metric: str, values: list[float], tmp_path: Path) -> None:
    rows = grid_rows(lambda cell, hidden_size: [value / hidden_size for value in values])
    study, definition = stored(rows, ERRORS.replace("valid_mse", metric))
    facts = evaluate(study, definition, Artifacts(tmp_path)).facts()
    assert json.dumps(facts, allow_nan=False)
    assert sum(trial["p_best"] for trial in facts["trials"]) == pytest.approx(1)
    bars = [bar for found in study_importance(study, definition).phases.values() for one in found for bar in one.bars]
    assert all(0 <= bar.value <= 1 for bar in bars)
