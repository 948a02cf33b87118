"""The networks of a bundle, out of the arrays that hold their weights."""

from collections.abc import Iterator

from volopt.errors import DataError
from volopt.forecast.bundle import Bundle
from volopt.models.recurrent import Recurrent
from volopt.training.network import build
from volopt.training.state import to_tensors
from volopt.training.task import Config


def networks(bundle: Bundle) -> Iterator[Recurrent]:
    """Yield the network of each seed, in eval mode.

    Raises:
        DataError: the weights are not those of such a network.
    """
    config = Config(**(bundle.definition.baseline() | dict(bundle.facts.params)))
    for arrays in bundle.weights:
        network = build(config, len(bundle.definition.data.features))
        try:
            network.load_state_dict(to_tensors("weights", arrays))
        except RuntimeError as error:
            raise DataError("the weights of the bundle are not those of its network", "make it again") from error
        yield network.eval()
