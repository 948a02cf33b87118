"""What axes call things."""

import pytest

from volopt.figures import words


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("valid_mse", "valid_mse, scaled units squared"),
        ("test_log_mse", "test_log_mse, squared error of log(target)"),
        ("ensemble_test_log_r2", "ensemble_test_log_r2, share of variance of log(target)"),
        ("test_direction", "test_direction, share of days"),
        ("flatness", "flatness, std(forecast) / std(actual)"),
        ("valid_skill_har", "valid_skill_har"),
    ],
)
def test_a_metric_is_told_with_its_unit(name: str, title: str) -> None:
    assert words.metric(name) == title


def test_a_parameter_is_told_with_its_unit_where_it_has_one() -> None:
    assert words.parameter("window") == "window, days"
    assert words.parameter("learning_rate") == "learning_rate"


def test_parameters_are_one_line_as_in_tables() -> None:
    found = words.params({"cell": "RNN", "batch_norm": True, "window": 20, "learning_rate": 0.00123456})
    assert found == "cell=RNN batch_norm=True window=20 learning_rate=0.001235"


def test_one_seed_is_no_plural() -> None:
    assert [words.seeds(count) for count in (1, 2)] == ["1 seed", "2 seeds"]
