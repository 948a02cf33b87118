"""List the paper's conclusions: what each says, which studies can show it, and the test that decides.

``published`` holds the networks of the paper's figures, ``grid`` the networks of its text. Claims of one topic share
one correction for multiple testing on each set of studies.
"""

from typing import NamedTuple

from volopt.claims import effects, measures, verdict
from volopt.claims.effects import Test

PAPER = (("published",), ("grid",))
FALL = "relative fall of valid_mse"
SHARE = "proportion of seeds"
SHARES = "difference of proportions of seeds"
RANK = "Spearman's rank correlation of daily changes on test"
RATIO = "log10 of the first over the last layer's gradient norm"


class Claim(NamedTuple):
    """Hold one conclusion of the paper."""

    id: str
    topic: str
    text: str
    effect: str  # what the effect is, with its unit
    test: Test  # takes one study for each name in a set of ``studies``
    studies: tuple[tuple[str, ...], ...] = PAPER  # each a set of shipped studies that together can show the claim


def _width(cell: str, small: int, large: int, change: str, test_fall: effects.FallTest) -> Claim:
    name, text = f"width-{cell.lower()}-{small}-{large}", f"{cell} {change} from {small} to {large} units"
    return Claim(name, f"width of {cell}", text, FALL, effects.width(cell, small, large, test_fall))


def _gradient(cell: str, layers: int, when: str, period: str, measure: measures.Measure) -> Claim:
    name = f"gradient-{cell.lower()}-{layers}-{when}"
    text = f"the first layer of a {layers}-layer {cell} has under a tenth of the last layer's gradient {period}"
    return Claim(name, f"gradients of {cell}", text, RATIO, effects.gradient_vanishes(cell, layers, measure))


CLAIMS = (
    _width("RNN", 5, 25, "improves", verdict.mean_above),
    _width("RNN", 25, 125, "improves", verdict.mean_above),
    _width("RNN", 125, 250, "gets worse", verdict.mean_below),
    _width("LSTM", 5, 25, "improves", verdict.mean_above),
    _width("LSTM", 25, 125, "stays level, within a fifth,", effects.stays_level),
    _width("LSTM", 125, 250, "stays level, within a fifth,", effects.stays_level),
    Claim(
        "wide-rnn-chance", "250 units", "the RNN of 250 units times peaks and troughs better than chance",
        f"{RANK}, above chance", effects.timing_against_chance,
    ),
    Claim(
        "wide-rnn-125", "250 units",
        "the RNN of 250 units times peaks and troughs as well as the RNN of 125 units, within 0.1",
        f"{RANK}, 250 minus 125 units", effects.timing_against_125_units,
    ),
    Claim(
        "wide-cells", "250 units", "from 125 to 250 units, RNN's valid_mse rises more than LSTM's",
        "ratio of the growth factors of valid_mse, RNN to LSTM", effects.cells_at_large_width,
    ),
    Claim(
        "depth-rnn", "depth", "flat lines of RNN become more common with num_layers",
        f"{SHARES}, deeper minus shallower", effects.flat_share_grows("RNN"),
    ),
    Claim(
        "depth-lstm", "depth", "flat lines of LSTM become more common with num_layers",
        f"{SHARES}, deeper minus shallower", effects.flat_share_grows("LSTM"),
    ),
    Claim(
        "depth-lstm-15", "depth", "LSTM forecasts a flat line at 15 layers",
        SHARE, effects.mostly_flat(cell="LSTM", num_layers=15),
    ),
    Claim(
        "depth-rnn-25", "depth", "RNN forecasts a flat line at 25 layers",
        SHARE, effects.mostly_flat(cell="RNN", num_layers=25),
    ),
    Claim(
        "depth-cells", "depth", "LSTM is more sensitive to depth than RNN",
        f"{SHARES} over 5, 15 and 25 layers, LSTM minus RNN", effects.more_sensitive_to_depth,
    ),
    Claim(
        "depth-mean", "depth", "flat lines lie at the train mean, within 0.1 standard deviations",
        "distance in standard deviations of train", effects.flat_line_is_mean,
    ),
    Claim(
        "batchnorm-15", "batch norm", "batch norm lifts the 15-layer RNN off the flat line",
        f"{SHARES}, without minus with", effects.batch_norm_lifts(15), (("published",), ("batchnorm",)),
    ),
    Claim(
        "batchnorm-25", "batch norm", "batch norm leaves the 25-layer RNN flat", SHARE,
        effects.mostly_flat(cell="RNN", num_layers=25, batch_norm=True), (("published",), ("batchnorm",)),
    ),
    Claim(
        "curves", "loss curves", "RNN's loss curve is steeper than LSTM's at 50 units",
        "ratio of the changes of log train_mse from epoch to epoch, RNN to LSTM", effects.steeper_curve,
        (("loss_curves",),),
    ),
    Claim(
        "price-mse", "price", "volume is harder to forecast than price, by MSE",
        "ratio of valid_mse, volume to price", effects.harder_than_price, (("grid", "price"),),
    ),
    Claim(
        "price-skill", "price", "volume is harder to forecast than price, by the error relative to persistence",
        "ratio of valid_log_mse relative to persistence, volume to price", effects.harder_against_persistence,
        (("grid", "price"),),
    ),
    *(
        claim
        for cell in effects.CELLS
        for layers in effects.DEPTHS[1:]
        for claim in (
            _gradient(cell, layers, "start", "at the start of training", measures.gradient_at_start),
            _gradient(cell, layers, "training", "during training", measures.gradient_in_training),
        )
    ),
    Claim(
        "published-target", "published target", "the published losses come from $high-$low, not from $volume",
        "difference of the distances to the printed losses, in natural logarithms", effects.prints_the_range,
        (("published", "published_volume"),),
    ),
)  # fmt: skip
