"""The paper's conclusions as data: what each says, which studies it can be looked up in, and the test that decides.

``published`` is for what the paper's figures show, ``grid`` for what its text says. Claims of one topic, looked up in
the same studies, are corrected together for being several.
"""

from typing import NamedTuple

from volopt.claims import effects, measures
from volopt.claims.effects import Test


class Claim(NamedTuple):
    """One conclusion."""

    id: str
    topic: str
    text: str
    effect: str  # what the effect is, in which unit
    studies: tuple[tuple[str, ...], ...]  # each: the shipped studies that together let the claim be looked up
    test: Test  # takes a place for each of these studies


PAPER = (("published",), ("grid",))
FALL = "share by which valid_mse falls"
SHARE = "share of seeds"
SHARES = "difference of shares of seeds"
RANK = "Spearman's rank correlation of day-to-day changes on test"
RATIO = "log10 of first over last layer's gradient norm"


def _vanishes(cell: str, layers: int) -> tuple[Claim, Claim]:
    said = f"the first layer of a {layers}-layer {cell} has under a tenth of the last's gradient"
    topic, name = f"gradients of {cell}", f"gradient-{cell.lower()}-{layers}"
    start = effects.gradient_vanishes(cell, layers, measures.gradient_at_start)
    training = effects.gradient_vanishes(cell, layers, measures.gradient_in_training)
    return (
        Claim(f"{name}-start", topic, f"{said} at the start", RATIO, PAPER, start),
        Claim(f"{name}-training", topic, f"{said} through training", RATIO, PAPER, training),
    )


CLAIMS = (
    Claim(
        "width-rnn-5-25", "width of RNN", "RNN improves from 5 to 25 units",
        FALL, PAPER, effects.improves("RNN", 5, 25),
    ),
    Claim(
        "width-rnn-25-125", "width of RNN", "RNN improves from 25 to 125 units",
        FALL, PAPER, effects.improves("RNN", 25, 125),
    ),
    Claim(
        "width-rnn-125-250", "width of RNN", "RNN falls off from 125 to 250 units",
        FALL, PAPER, effects.worsens("RNN", 125, 250),
    ),
    Claim(
        "width-lstm-5-25", "width of LSTM", "LSTM improves from 5 to 25 units",
        FALL, PAPER, effects.improves("LSTM", 5, 25),
    ),
    Claim(
        "width-lstm-25-125", "width of LSTM", "LSTM stays level from 25 to 125 units, within a fifth",
        FALL, PAPER, effects.stays_level("LSTM", 25, 125),
    ),
    Claim(
        "width-lstm-125-250", "width of LSTM", "LSTM stays level from 125 to 250 units, within a fifth",
        FALL, PAPER, effects.stays_level("LSTM", 125, 250),
    ),
    Claim(
        "wide-rnn-chance", "250 units", "the RNN of 250 units keeps the timing of peaks and troughs, against chance",
        f"{RANK}, beyond chance", PAPER, effects.keeps_timing,
    ),
    Claim(
        "wide-rnn-125", "250 units", "the RNN of 250 units keeps the timing that the one of 125 has, within 0.1",
        f"{RANK}, 250 less 125 units", PAPER, effects.times_as_well,
    ),
    Claim(
        "wide-cells", "250 units", "LSTM takes the step from 125 to 250 units better than RNN",
        "how many times RNN's valid_mse rises more", PAPER, effects.takes_width_better,
    ),
    Claim(
        "depth-rnn", "depth", "flat lines of RNN become more common with num_layers",
        f"{SHARES}, deeper less shallower", PAPER, effects.flat_share_grows("RNN"),
    ),
    Claim(
        "depth-lstm", "depth", "flat lines of LSTM become more common with num_layers",
        f"{SHARES}, deeper less shallower", PAPER, effects.flat_share_grows("LSTM"),
    ),
    Claim(
        "depth-lstm-15", "depth", "LSTM is flat by 15 layers",
        SHARE, PAPER, effects.mostly_flat(cell="LSTM", num_layers=15),
    ),
    Claim(
        "depth-rnn-25", "depth", "RNN is flat by 25 layers",
        SHARE, PAPER, effects.mostly_flat(cell="RNN", num_layers=25),
    ),
    Claim(
        "depth-cells", "depth", "LSTM is more sensitive to depth than RNN",
        f"{SHARES} over 5, 15 and 25 layers, LSTM less RNN", PAPER, effects.more_sensitive_to_depth,
    ),
    Claim(
        "depth-mean", "depth", "the flat line is the train mean, within 0.1 standard deviations",
        "distance in standard deviations of train", PAPER, effects.flat_line_is_mean,
    ),
    Claim(
        "batchnorm-15", "batch norm", "batch norm lifts the 15-layer RNN off the flat line",
        f"{SHARES}, without less with", (("published",), ("batchnorm",)), effects.batch_norm_lifts(15),
    ),
    Claim(
        "batchnorm-25", "batch norm", "batch norm leaves the 25-layer RNN flat",
        SHARE, (("published",), ("batchnorm",)), effects.mostly_flat(cell="RNN", num_layers=25, batch_norm=True),
    ),
    Claim(
        "curves", "loss curves", "RNN's loss curve is steeper than LSTM's at 50 units",
        "how many times the epoch-to-epoch change of log train_mse", (("loss_curves",),), effects.steeper_curve,
    ),
    Claim(
        "price-mse", "price", "volume is harder to forecast than price, by MSE",
        "how many times valid_mse", (("grid", "price"),), effects.harder_than_price,
    ),
    Claim(
        "price-skill", "price", "volume is harder to forecast than price, by the error over persistence's",
        "how many times valid_log_mse over persistence's", (("grid", "price"),), effects.harder_against_persistence,
    ),
    *(claim for cell in effects.CELLS for layers in effects.DEPTHS[1:] for claim in _vanishes(cell, layers)),
    Claim(
        "published-target", "published target", "the published losses are those of $high-$low, not of $volume",
        "how much nearer, in natural logarithms of the losses", (("published", "published_volume"),),
        effects.prints_the_range,
    ),
)  # fmt: skip
