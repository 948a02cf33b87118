import numpy as np
import pytest

from volopt.training.task import Curves

SCORES = {"valid_log_mse": 0.4, "valid_log_r2": 0.7}


def curves(*valid_mse: float, recorded: tuple[int, ...] = ()) -> Curves:
    """Curves of some epochs; the scores of a recorded epoch are 10 and 100 times its number."""
    found = Curves(train_mse=[0.5] * len(valid_mse), valid_mse=list(valid_mse), record_epoch=list(recorded))
    found.valid_log_mse = [10.0 * epoch for epoch in recorded]
    found.valid_log_r2 = [100.0 * epoch for epoch in recorded]
    return found


def test_the_best_epoch_is_the_first_with_the_lowest_valid_mse_counted_from_one() -> None:
    found = curves(3, 1, 2, 1, 0.5)
    assert found.best_epoch() == 5
    assert found.best_epoch(4) == 2
    assert found.best_epoch(1) == 1


@pytest.mark.parametrize(
    ("metric", "keeps_best", "value"),
    [
        ("valid_mse", False, 3.0),
        ("valid_mse", True, 1.0),
        ("valid_log_mse", False, 40.0),
        ("valid_log_mse", True, 20.0),
        ("valid_log_r2", False, 400.0),
        ("valid_log_r2", True, 200.0),
    ],
)
def test_a_value_is_that_of_the_epoch_or_of_the_best_so_far_where_its_weights_are_kept(
    metric: str, keeps_best: bool, value: float
) -> None:
    found = curves(2, 1, 2, 3, 0.5, recorded=(1, 2, 4, 5))
    assert found.value(metric, 4, keeps_best) == value


def test_a_record_belongs_to_the_latest_epoch() -> None:
    found = curves(2, 1, 3)
    found.record([0.1, 0.2], SCORES)
    assert (found.record_epoch, found.gradient_norm) == ([3], [[0.1, 0.2]])
    assert found.value("valid_log_mse", 3, keeps_best=False) == 0.4
    assert found.value("valid_log_r2", 3, keeps_best=False) == 0.7


def test_curves_come_back_from_their_arrays_and_from_nothing_else_among_them() -> None:
    found = curves(2, 1, 3)
    found.record([0.1, 0.2], SCORES)
    arrays = found.to_arrays()
    assert arrays["curve.gradient_norm"].shape == (1, 2)
    assert Curves.from_arrays(arrays | {"weights.curve.": np.zeros(1)}) == found
    assert Curves.from_arrays(Curves().to_arrays()) == Curves()
