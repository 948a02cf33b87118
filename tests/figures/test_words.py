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
def test_a_metric_has_its_unit(name: str, title: str) -> None:
    assert words.metric_title(name) == title


def test_a_parameter_has_its_unit_if_there_is_one() -> None:
    assert words.parameter_title("window") == "window, days"
    assert words.parameter_title("learning_rate") == "learning_rate"


def test_parameters_are_one_line_as_in_tables() -> None:
    text = words.params({"cell": "RNN", "batch_norm": True, "window": 20, "learning_rate": 0.00123456})
    assert text == "cell=RNN batch_norm=True window=20 learning_rate=0.001235"


def test_one_seed_is_no_plural() -> None:
    assert [words.seeds(count) for count in (1, 2)] == ["1 seed", "2 seeds"]
