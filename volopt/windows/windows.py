"""Windows: from arrays to tensors, without copying windows around.

The leakage guarantee
---------------------
1. The inputs of a window are the days before its target day, and only these: changing any value dated on or after a
   target day changes no input of that window, but for the scaling where that day is one of train.
2. Scaling, and the level a window is anchored at, come from train days and from the window itself: changing anything
   dated after the train split changes no scaled value and no target of train, and not the scaling.
3. No window crosses from one series into another.
4. Valid and test may reach back for inputs, never for targets: no day is a target of two splits.

The one exception is asked for by name: ``scale_each_file`` of the published protocol breaks the second point.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from volopt.windows import scaling
from volopt.windows.dataset import Array, Dataset, Series, above_level, levels, numbers
from volopt.windows.scaling import Scaling
from volopt.windows.split import Dates, Split

LARGEST_LOG = 100.0  # e^100: past any quantity; keeps a diverged forecast finite


@dataclass(frozen=True)
class Samples:
    """The windows of one split and their targets, on one device."""

    windows: Tensor  # shape: (starts possible, window, features), a view on the scaled days
    starts: Tensor  # shape: (samples,), rows of ``windows``
    shift: Tensor | None  # shape: (samples,), what the anchored feature of each window is lowered by
    anchored_feature: int | None
    targets: Tensor  # shape: (samples,), scaled
    scaling: Scaling  # of the targets, shape (samples,)
    level: Array  # shape: (samples,), the anchor in transformed units, 0 without one
    actual: Array  # shape: (samples,), original units
    previous: Array  # shape: (samples,), the actual of the day before, original units
    dates: Dates  # shape: (samples,), the target days
    log: bool
    parts: int  # series that have some of them

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def features(self) -> int:
        """Return how many features a day has."""
        return int(self.windows.shape[-1])

    def inputs(self, rows: Tensor | None = None) -> Tensor:
        """Return the scaled inputs of some samples, or of all, shape (batch, window, features)."""
        starts = self.starts if rows is None else self.starts[rows]
        first = int(starts[0])
        if rows is None and int(starts[-1]) - first + 1 == len(starts):
            chosen = self.windows[first : first + len(starts)]  # consecutive days: a view
        else:
            chosen = self.windows[starts]
        if self.shift is None:
            return chosen
        shift = self.shift if rows is None else self.shift[rows]
        chosen = chosen.clone()
        chosen[..., self.anchored_feature] -= shift[:, None]
        return chosen

    def original(self, scaled: Tensor) -> Array:
        """Return scaled forecasts, shape (samples,), in original units."""
        transformed: Array = self.scaling.invert(scaled.double().cpu().numpy()) + self.level
        return np.exp(np.minimum(transformed, LARGEST_LOG)) if self.log else transformed

    def scaled(self, forecast: Array) -> Array:
        """Return forecasts in original units, shape (samples,), as the networks' scaled target."""
        transformed = np.log(forecast) if self.log else forecast
        return self.scaling.apply(transformed - self.level)


class SeriesScaling(NamedTuple):
    """How one series is scaled; an anchored feature shares the target's, so that both speak one language."""

    features: Scaling  # shape: (features,)
    target: Scaling  # shape: ()


class _SeriesSamples(NamedTuple):
    """One series' share of the samples."""

    days: Tensor  # shape: (days, features), scaled: from the first window's first day on
    starts: NDArray[np.int64]  # rows of ``days``
    shift: Tensor
    targets: Tensor
    scaling: Scaling  # of the targets
    level: Array
    actual: Array
    previous: Array
    dates: Dates


def samples(dataset: Dataset, split: Split, window: int, device: torch.device | str = "cpu") -> Samples:
    """Return the samples of one split.

    Args:
        dataset: the study's data.
        split: ``train``, ``valid`` or ``test``.
        window: input days.
        device: where the tensors shall be.

    Raises:
        DataError: the target relative to the window's mean is constant over train.
    """
    rule = dataset.rule
    length = rule.window_of(split, window)
    rows = [rule.targets(split, series.dates, length, index) for index, series in enumerate(dataset.series)]
    scalings = [fitted_scaling(dataset, index, window) if some else None for index, some in enumerate(rows)]
    return samples_at(dataset, rows, scalings, length, device)


def samples_at(
    dataset: Dataset,
    rows: Sequence[Sequence[int]],
    scalings: Sequence[SeriesScaling | None],
    window: int,
    device: torch.device | str = "cpu",
) -> Samples:
    """Return the samples with the given target rows, with scalings that were fitted before.

    Args:
        dataset: the data; its rule is not asked.
        rows: of each series, ascending, ``window`` or more; a series may have none, but not all of them.
        scalings: of each series with rows.
        window: input days.
        device: where the tensors shall be.
    """
    parts = [
        _part(dataset, series, numbers(some), scaled, window)
        for series, some, scaled in zip(dataset.series, rows, scalings, strict=True)
        if len(some) and scaled is not None
    ]
    offsets = np.cumsum([0, *(len(part.days) for part in parts)])
    counts = [len(part.starts) for part in parts]

    def join(arrays: list[Array]) -> Array:
        return np.concatenate(arrays)

    days = torch.cat([part.days for part in parts]).to(device)
    starts = np.concatenate([part.starts + offset for part, offset in zip(parts, offsets[:-1], strict=True)])
    anchored = dataset.anchored and dataset.target_feature is not None
    return Samples(
        windows=days.unfold(0, window, 1).transpose(1, 2),
        starts=torch.tensor(starts, device=device),
        shift=torch.cat([part.shift for part in parts]).to(device) if anchored else None,
        anchored_feature=dataset.target_feature if anchored else None,
        targets=torch.cat([part.targets for part in parts]).to(device),
        scaling=Scaling(*(np.repeat(each, counts) for each in zip(*(part.scaling for part in parts), strict=True))),
        level=join([part.level for part in parts]),
        actual=join([part.actual for part in parts]),
        previous=join([part.previous for part in parts]),
        dates=np.concatenate([part.dates for part in parts]),
        log=dataset.log,
        parts=len(parts),
    )


def fitted_scaling(dataset: Dataset, index: int, window: int) -> SeriesScaling:
    """Return the scaling of series ``index``, fitted on train days.

    Raises:
        DataError: the target relative to the window's mean is constant over train.
    """
    seen = dataset.rule.fitted_on(dataset.series[index].dates, window, index)
    teacher = index if seen else dataset.teacher(window, index)
    target = _target_scaling(dataset, teacher, window)
    return SeriesScaling(_feature_scaling(dataset, teacher, window, target), target)


def _part(
    dataset: Dataset, series: Series, rows: NDArray[np.int64], scaled: SeriesScaling, window: int
) -> _SeriesSamples:
    level, target = levels(dataset, series, rows, window), scaled.target
    first = int(rows[0]) - window
    return _SeriesSamples(
        days=_single(scaled.features.apply(series.features[first : int(rows[-1])])),
        starts=rows - window - first,
        shift=_single(level / target.scale),
        targets=_single(target.apply(series.transformed[rows] - level)),
        scaling=target,
        level=level,
        actual=series.target[rows],
        previous=series.target[rows - 1],
        dates=series.dates[rows],
    )


def _single(values: Array) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _target_scaling(dataset: Dataset, index: int, window: int) -> Scaling:
    series = dataset.series[index]
    if not dataset.anchored:
        rows = numbers(dataset.rule.fitted_on(series.dates, window, index))
        return scaling.fit(series.transformed[rows], dataset.scaling)
    return scaling.fit(above_level(dataset, index, window), dataset.scaling)


def _feature_scaling(dataset: Dataset, index: int, window: int, target: Scaling) -> Scaling:
    series = dataset.series[index]
    rows = numbers(dataset.rule.fitted_on(series.dates, window, index))
    found = scaling.fit(series.features[rows], dataset.scaling)
    if dataset.anchored and dataset.target_feature is not None:
        found.center[dataset.target_feature] = target.center
        found.scale[dataset.target_feature] = target.scale
    return found
