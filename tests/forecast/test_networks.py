import pytest

import builders
import untrained
from volopt.errors import DataError
from volopt.forecast.networks import networks


def test_weights_of_another_network_are_refused() -> None:
    """A bundle whose facts and weights do not belong together."""
    made = untrained.bundle(builders.dataset(), hidden_size=3)
    made.weights = untrained.bundle(builders.dataset(), hidden_size=5).weights
    with pytest.raises(DataError, match="not those of its network"):
        list(networks(made))
