"""Define the tests of the claims: each function here is a test, or returns one.

A test takes one study for each that its claim needs, and looks up trials: ``study.trial(cell="RNN", hidden_size=25)``
has these values, and the study's defaults otherwise. Trials are compared seed by seed.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Protocol

import numpy as np

from volopt.claims import measures, verdict
from volopt.claims.measures import Measure, by_seed, log_loss
from volopt.claims.verdict import ClaimOutcome
from volopt.comparison.trial_results import TrialResult
from volopt.definition.schema import Scalar
from volopt.metrics import Array

DEPTHS = (1, 5, 15, 25)
SIZES = (5, 25, 125, 250)
CELLS = ("RNN", "LSTM")
TIMING_MARGIN = -0.1  # of rank correlations: a smaller loss is none
VANISHED = -1.0  # log10 of first over last layer's gradient: under a tenth
MEAN_MARGIN = 0.1  # train standard deviations

# The notebooks' printed losses for 5 units at each depth: (train MSE, valid MSE).
PRINTED = {
    ("RNN", 1): (0.0052, 0.0346),
    ("RNN", 5): (0.0052, 0.0299),
    ("RNN", 15): (0.0066, 0.0322),
    ("RNN", 25): (0.0120, 0.0192),
    ("LSTM", 1): (0.0052, 0.0340),
    ("LSTM", 5): (0.0060, 0.0338),
    ("LSTM", 15): (0.0120, 0.0193),
    ("LSTM", 25): (0.0120, 0.0193),
}


class TrialLookup(Protocol):
    """Look up the trials of a study."""

    def trial(self, **values: Scalar) -> TrialResult:
        """Return the COMPLETE trial at these values."""


Test = Callable[..., ClaimOutcome]
FallTest = Callable[[Array], ClaimOutcome]  # takes the fall of a log loss, shape (seeds,)
stays_level = partial(verdict.mean_within, margin=math.log(1.25))  # a loss changes by no more than a fifth


def width(cell: str, small: int, large: int, test_fall: FallTest) -> Test:
    """Return the test of how valid_mse changes from ``small`` to ``large`` units.

    The effect is its relative fall, below 0 if it rises; ``test_fall`` tests the fall of its logarithm.
    """

    def test(study: TrialLookup) -> ClaimOutcome:
        trials = [study.trial(cell=cell, hidden_size=size) for size in (small, large)]
        falls = {}
        for metric in ("train_mse", "valid_mse", "test_mse"):
            at_small, at_large = by_seed(log_loss(metric), *trials)
            falls[metric] = at_small - at_large
        outcome = test_fall(falls.pop("valid_mse")).rescaled(lambda fall: -math.expm1(-fall))
        return outcome.with_details(**{metric: -math.expm1(-fall.mean()) for metric, fall in falls.items()})

    return test


def cells_at_large_width(study: TrialLookup) -> ClaimOutcome:
    """Test that RNN's valid_mse grows more than LSTM's from 125 to 250 units; the effect is the ratio of factors."""
    trials = [study.trial(cell=cell, hidden_size=size) for cell in CELLS for size in (125, 250)]
    rnn_125, rnn_250, lstm_125, lstm_250 = by_seed(log_loss("valid_mse"), *trials)
    return verdict.mean_above((rnn_250 - rnn_125) - (lstm_250 - lstm_125)).rescaled(math.exp)


def timing_against_chance(study: TrialLookup) -> ClaimOutcome:
    """Test that the RNN of 250 units times changes better than chance; the effect is the rank correlation above it."""
    trial = study.trial(cell="RNN", hidden_size=250)
    timings = (measures.timing_above_chance, measures.timing, measures.timing_one_day_late)
    above, same_day, day_late = (by_seed(timing, trial)[0] for timing in timings)
    return verdict.mean_above(above).with_details(same_day=same_day.mean(), a_day_late=day_late.mean())


def timing_against_125_units(study: TrialLookup) -> ClaimOutcome:
    """Test that the RNN of 250 units times changes nearly as well as the RNN of 125; the effect is the difference."""
    wide, narrow = by_seed(measures.timing, *(study.trial(cell="RNN", hidden_size=size) for size in (250, 125)))
    outcome = verdict.mean_above(wide - narrow, TIMING_MARGIN)
    return outcome.with_details(units_250=wide.mean(), units_125=narrow.mean())


def flat_share_grows(cell: str) -> Test:
    """Return the test that flat lines become more common with depth.

    The effect is the difference of their proportions at two depths, deeper minus shallower, averaged over all pairs.
    """

    def test(study: TrialLookup) -> ClaimOutcome:
        flat = by_seed(measures.is_flat, *(study.trial(cell=cell, num_layers=depth) for depth in DEPTHS))
        trend = np.mean([deeper - shallower for shallower, deeper in combinations(flat, 2)], axis=0)
        proportions = {f"layers_{depth}": flags.mean() for depth, flags in zip(DEPTHS, flat, strict=True)}
        return verdict.mean_above(trend).with_details(**proportions)

    return test


def mostly_flat(**values: Scalar) -> Test:
    """Return the test that more than half of all seeds forecast a flat line; the effect is their proportion."""
    return lambda study: verdict.majority(*by_seed(measures.is_flat, study.trial(**values)))


def more_sensitive_to_depth(study: TrialLookup) -> ClaimOutcome:
    """Test that LSTM is flat more often than RNN over 5, 15 and 25 layers; the effect is the difference."""
    rnn, lstm = (
        np.mean(by_seed(measures.is_flat, *(study.trial(cell=cell, num_layers=depth) for depth in DEPTHS[1:])), axis=0)
        for cell in CELLS
    )
    return verdict.mean_above(lstm - rnn)


def flat_line_is_mean(study: TrialLookup) -> ClaimOutcome:
    """Test that flat lines lie at the train mean; the effect is their distance, in train standard deviations."""
    trials = [study.trial(cell=cell, num_layers=depth) for cell in CELLS for depth in DEPTHS]
    flat, distance = (np.array(by_seed(m, *trials)) for m in (measures.is_flat, measures.distance_from_mean))
    count = flat.sum(axis=0)
    if not count.any():
        return verdict.NO_SEEDS
    distances = (distance * flat).sum(axis=0)[count > 0] / count[count > 0]
    # If the target drifts, other flat lines have learned train and saturate later.
    at_mean = (flat * (distance < MEAN_MARGIN)).sum()
    outcome = verdict.mean_below(distances, MEAN_MARGIN)
    return outcome.with_details(flat_lines=float(count.sum()), at_the_mean=float(at_mean))


def batch_norm_lifts(num_layers: int) -> Test:
    """Return the test that batch norm makes flat lines rarer; the effect is their proportion without minus with it."""

    def test(study: TrialLookup) -> ClaimOutcome:
        trials = [study.trial(cell="RNN", num_layers=num_layers, batch_norm=norm) for norm in (False, True)]
        without, with_norm = by_seed(measures.is_flat, *trials)
        outcome = verdict.more_frequent(without, with_norm)
        return outcome.with_details(without=without.mean(), with_norm=with_norm.mean())

    return test


def gradient_vanishes(cell: str, num_layers: int, measure: Measure) -> Test:
    """Return the test that the first layer's gradient is under a tenth of the last's; it measures their log10 ratio."""
    return lambda study: verdict.mean_below(
        by_seed(measure, study.trial(cell=cell, num_layers=num_layers))[0], VANISHED
    )


def steeper_curve(study: TrialLookup) -> ClaimOutcome:
    """Test that RNN's train loss changes more from epoch to epoch than LSTM's; the effect is the ratio."""
    rnn, lstm = by_seed(measures.steepness, *(study.trial(cell=cell, hidden_size=50) for cell in CELLS))
    return verdict.mean_above(rnn - lstm).rescaled(lambda value: 10.0**value)


def harder_than_price(volume: TrialLookup, price: TrialLookup) -> ClaimOutcome:
    """Test that volume's valid_mse is larger than price's over the points of ``width``; the effect is the ratio."""
    ratios = {}
    for metric in ("train_mse", "valid_mse", "test_mse"):
        of_volume, of_price = _over_sizes(log_loss(metric), volume, price)
        ratios[metric] = of_volume - of_price
    outcome = verdict.mean_above(ratios.pop("valid_mse")).rescaled(math.exp)
    return outcome.with_details(**{metric: math.exp(ratio.mean()) for metric, ratio in ratios.items()})


def harder_against_persistence(volume: TrialLookup, price: TrialLookup) -> ClaimOutcome:
    """Test the same of valid_log_mse relative to persistence's; the effect is the ratio of volume's to price's."""
    of_volume, of_price = _over_sizes(measures.log_error_over_persistence, volume, price)
    outcome = verdict.mean_above(of_volume - of_price).rescaled(math.exp)
    return outcome.with_details(skill_volume=-math.expm1(of_volume.mean()), skill_price=-math.expm1(of_price.mean()))


def prints_the_range(day_range: TrialLookup, volume: TrialLookup) -> ClaimOutcome:
    """Test that the printed losses are nearer to the losses of the day's range than to the losses of volume.

    The effect is the difference of the mean distances, in natural logarithms of the losses.
    """
    trials = [study.trial(cell=cell, num_layers=depth) for study in (day_range, volume) for cell, depth in PRINTED]
    distances = []
    for column, metric in enumerate(("train_mse", "valid_mse")):
        printed = np.log([losses[column] for losses in PRINTED.values()] * 2)
        distances.append(np.abs(np.array(by_seed(log_loss(metric), *trials)) - printed[:, None]))
    of_range, of_volume = np.mean(distances, axis=0).reshape(2, len(PRINTED), -1).mean(axis=1)
    return verdict.mean_above(of_volume - of_range).with_details(range=of_range.mean(), volume=of_volume.mean())


def _over_sizes(measure: Measure, *studies: TrialLookup) -> list[Array]:
    """Return for each study the mean of a measure over the points of ``width``, each of shape (seeds,)."""
    trials = [study.trial(cell=cell, hidden_size=size) for study in studies for cell in CELLS for size in SIZES]
    values = np.reshape(by_seed(measure, *trials), (len(studies), len(CELLS) * len(SIZES), -1))
    return list(values.mean(axis=1))
