"""The effects that a claim can be about: each function returns the test that decides one claim.

A test takes a *place* for each study that its claim needs: ``place(cell="RNN", hidden_size=25)`` gives the trial of the
study at these values, the rest at the baseline. Whatever is compared is compared seed by seed.
"""

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Protocol

import numpy as np

from volopt.claims import measures, verdict
from volopt.claims.measures import Measure, log_loss, over_seeds, seeds
from volopt.claims.verdict import ClaimOutcome
from volopt.comparison.evidence import NotFoundError, TrialResult
from volopt.definition.schema import Scalar
from volopt.metrics import Array

DEPTHS = (1, 5, 15, 25)
SIZES = (5, 25, 125, 250)
CELLS = ("RNN", "LSTM")
MARGIN = math.log(1.25)  # of log losses: within a fifth of each other
KEPT = -0.1  # of rank correlations: a loss that still counts as kept
VANISHED = -1.0  # log10 of first over last layer's gradient: under a tenth
NEAR = 0.1  # train standard deviations

# What the notebooks print for 5 units at each depth: (train MSE, valid MSE).
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
    """Finds a study's trials."""

    def __call__(self, **values: Scalar) -> TrialResult:
        """Return the COMPLETE trial at these values."""


Test = Callable[..., ClaimOutcome]


def improves(cell: str, small: int, large: int) -> Test:
    """Test that valid_mse is lower with ``large`` units than with ``small``; the effect is the share it falls by."""
    return lambda place: _width(place, cell, small, large, verdict.above)


def worsens(cell: str, small: int, large: int) -> Test:
    """Test the opposite of ``improves``; the effect is the same, below 0 where the error rises."""
    return lambda place: _width(place, cell, small, large, verdict.below)


def stays_level(cell: str, small: int, large: int) -> Test:
    """Test that both are equivalent: valid_mse changes by no more than a fifth."""
    return lambda place: _width(place, cell, small, large, lambda values: verdict.within(values, MARGIN))


def takes_width_better(place: TrialLookup) -> ClaimOutcome:
    """Test that from 125 to 250 units RNN's valid_mse rises more than LSTM's; the effect is how many times."""
    trials = [place(cell=cell, hidden_size=size) for cell in CELLS for size in (125, 250)]
    rnn_125, rnn_250, lstm_125, lstm_250 = _each(log_loss("valid_mse"), trials)
    return verdict.above((rnn_250 - rnn_125) - (lstm_250 - lstm_125)).shown(math.exp)


def keeps_timing(place: TrialLookup) -> ClaimOutcome:
    """Test that the RNN of 250 units times changes better than chance; the effect is the rank correlation beyond it."""
    trial = place(cell="RNN", hidden_size=250)
    beyond, same_day, day_late = (
        _each(measure, [trial])[0]
        for measure in (measures.timing_beyond_chance, measures.timing, measures.timing_a_day_late)
    )
    return verdict.above(beyond).told(same_day=same_day.mean(), a_day_late=day_late.mean())


def times_as_well(place: TrialLookup) -> ClaimOutcome:
    """Test that the RNN of 250 units times changes nearly as well as that of 125; the effect is the difference."""
    wide, narrow = _each(measures.timing, [place(cell="RNN", hidden_size=size) for size in (250, 125)])
    return verdict.above(wide - narrow, KEPT).told(units_250=wide.mean(), units_125=narrow.mean())


def flat_share_grows(cell: str) -> Test:
    """Test that flat lines become more common with depth.

    The effect is the mean, over all pairs of depths, of the share at the deeper one less that at the other.
    """

    def test(place: TrialLookup) -> ClaimOutcome:
        flat = _each(measures.flat, [place(cell=cell, num_layers=depth) for depth in DEPTHS])
        trend = np.mean([deeper - other for other, deeper in combinations(flat, 2)], axis=0)
        shares = {f"layers_{depth}": row.mean() for depth, row in zip(DEPTHS, flat, strict=True)}
        return verdict.above(trend).told(**shares)

    return test


def mostly_flat(**values: Scalar) -> Test:
    """Test that more than half of all seeds end as a flat line; the effect is their share."""

    def test(place: TrialLookup) -> ClaimOutcome:
        (flat,) = _each(measures.flat, [place(**values)])
        return verdict.most(flat)

    return test


def more_sensitive_to_depth(place: TrialLookup) -> ClaimOutcome:
    """Test that LSTM is flat more often than RNN, over 5, 15 and 25 layers; the effect is the difference of shares."""
    rnn, lstm = (
        np.mean(_each(measures.flat, [place(cell=cell, num_layers=depth) for depth in DEPTHS[1:]]), axis=0)
        for cell in CELLS
    )
    return verdict.above(lstm - rnn)


def flat_line_is_mean(place: TrialLookup) -> ClaimOutcome:
    """Test that flat lines lie at the train mean; the effect is their distance, in train standard deviations."""
    trials = [place(cell=cell, num_layers=depth) for cell in CELLS for depth in DEPTHS]
    flat, distance = np.array(_each(measures.flat, trials)), np.array(_each(measures.distance_from_mean, trials))
    count = flat.sum(axis=0)
    if not count.any():
        return verdict.NOTHING
    by_seed = (distance * flat).sum(axis=0)[count > 0] / count[count > 0]
    at_the_mean = (flat * (distance < NEAR)).sum()  # on a target that drifts others learned train and saturate later
    return verdict.below(by_seed, NEAR).told(flat_lines=float(count.sum()), at_the_mean=float(at_the_mean))


def batch_norm_lifts(num_layers: int) -> Test:
    """Test that batch norm makes flat lines rarer; the effect is the difference of shares, without less with."""

    def test(place: TrialLookup) -> ClaimOutcome:
        trials = [place(cell="RNN", num_layers=num_layers, batch_norm=norm) for norm in (False, True)]
        without, with_norm = _each(measures.flat, trials)
        return verdict.more_often(without, with_norm).told(without=without.mean(), with_norm=with_norm.mean())

    return test


def gradient_vanishes(cell: str, num_layers: int, measure: Measure) -> Test:
    """Test that the first layer's gradient is under a tenth of the last's; the effect is log10 of their ratio."""
    return lambda place: verdict.below(_each(measure, [place(cell=cell, num_layers=num_layers)])[0], VANISHED)


def steeper_curve(place: TrialLookup) -> ClaimOutcome:
    """Test that RNN's train loss changes more from epoch to epoch than LSTM's; the effect is how many times."""
    rnn, lstm = _each(measures.steepness, [place(cell=cell, hidden_size=50) for cell in CELLS])
    return verdict.above(rnn - lstm).shown(lambda value: 10.0**value)


def harder_than_price(volume: TrialLookup, price: TrialLookup) -> ClaimOutcome:
    """Test that volume's valid_mse is the larger over the points of ``width``; the effect is how many times."""
    ratios = {}
    for metric in ("train_mse", "valid_mse", "test_mse"):
        of_volume, of_price = _over_sizes(log_loss(metric), volume, price)
        ratios[metric] = of_volume - of_price
    others = {metric: math.exp(ratio.mean()) for metric, ratio in ratios.items() if metric != "valid_mse"}
    return verdict.above(ratios["valid_mse"]).shown(math.exp).told(**others)


def harder_against_persistence(volume: TrialLookup, price: TrialLookup) -> ClaimOutcome:
    """Test the same of valid_log_mse over persistence's: how many times volume's ratio is that of price."""
    ratios = _over_sizes(measures.log_error_over_persistence, volume, price)
    skills = {
        f"skill_{name}": -math.expm1(ratio.mean()) for name, ratio in zip(("volume", "price"), ratios, strict=True)
    }
    return verdict.above(ratios[0] - ratios[1]).shown(math.exp).told(**skills)


def prints_the_range(day_range: TrialLookup, volume: TrialLookup) -> ClaimOutcome:
    """Test that the printed losses are nearer to those of forecasting the day's range than to those of volume.

    The effect is the difference of the mean distances, in natural logarithms of the losses.
    """
    trials = [place(cell=cell, num_layers=depth) for place in (day_range, volume) for cell, depth in PRINTED]
    off = []
    for column, metric in enumerate(("train_mse", "valid_mse")):
        printed = np.log([losses[column] for losses in PRINTED.values()] * 2)
        off.append(np.abs(np.array(_each(log_loss(metric), trials)) - printed[:, None]))
    of_range, of_volume = np.mean(off, axis=0).reshape(2, len(PRINTED), -1).mean(axis=1)
    return verdict.above(of_volume - of_range).told(range=of_range.mean(), volume=of_volume.mean())


def _width(
    place: TrialLookup, cell: str, small: int, large: int, judge: Callable[[Array], ClaimOutcome]
) -> ClaimOutcome:
    trials = [place(cell=cell, hidden_size=size) for size in (small, large)]
    fall = {}
    for metric in ("train_mse", "valid_mse", "test_mse"):
        before, after = _each(log_loss(metric), trials)
        fall[metric] = before - after
    others = {metric: -math.expm1(-values.mean()) for metric, values in fall.items() if metric != "valid_mse"}
    return judge(fall["valid_mse"]).shown(lambda value: -math.expm1(-value)).told(**others)


def _each(measure: Measure, trials: Sequence[TrialResult]) -> list[Array]:
    """Return a measure of each trial over the seeds that all of them have, each of shape (seeds,)."""
    common = seeds(*trials)
    if not common:
        raise NotFoundError("a seed that all trials have")
    return [over_seeds(measure, trial, common) for trial in trials]


def _over_sizes(measure: Measure, *places: TrialLookup) -> list[Array]:
    """Return for each place the mean of a measure over the points of ``width``, each of shape (seeds,)."""
    points = [place(cell=cell, hidden_size=size) for place in places for cell in CELLS for size in SIZES]
    values = np.reshape(_each(measure, points), (len(places), len(CELLS) * len(SIZES), -1))
    return list(values.mean(axis=1))
