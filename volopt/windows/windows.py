"""Windows: turn arrays into tensors without copying windows.

The leakage guarantee:

1. The inputs of a window are the days before its target day, and no others. A change of a value on or after a target
   day changes no input of that window, except through the scaling where that day belongs to train.
2. Scaling uses train days only, and the level of an anchored window uses the window itself. A change after the train
   split changes no scaled value and no target of train, and not the scaling.
3. No window contains days of two series.
4. Windows of valid and test may begin in the split before, but no day is a target of two splits.

5. Static inputs keep to points 1 and 2: see ``windows.static``.

There is one exception, which a study file has to name: ``scale_each_file`` of the published protocol breaks point 2.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from volopt.metrics import MAX_LOG, Array
from volopt.windows import scaling, static
from volopt.windows.dataset import Dataset, above_level, levels, numbers
from volopt.windows.scaling import Scaling
from volopt.windows.split import Dates, Split


class StaticInputs(NamedTuple):
    """Hold the static inputs of the samples of one split, on one device."""

    values: Tensor  # shape: (days of all series, inputs), as read; on a CPU the dataset's own memory
    rows: Tensor  # shape: (samples,), of ``values``: the last day of each window
    level: Tensor  # shape: (samples,), the anchor in transformed units
    anchored: Tensor  # shape: (inputs,), 1 where the level is subtracted, else 0
    center: Tensor  # shape: (inputs,)
    scale: Tensor  # shape: (inputs,)

    def scaled(self, samples: Tensor | None) -> Tensor:
        """Return the standardised inputs of some samples, or of all, shape (batch, inputs)."""
        rows, level = (self.rows, self.level) if samples is None else (self.rows[samples], self.level[samples])
        values = torch.addcmul(self.values[rows], level[:, None], self.anchored, value=-1)
        return values.sub_(self.center).div_(self.scale).clamp_(-static.LIMIT, static.LIMIT)


@dataclass(frozen=True)
class Samples:
    """Hold the windows of one split and their targets, on one device."""

    windows: Tensor  # shape: (starts possible, window, features), a view on the scaled days
    starts: Tensor  # shape: (samples,), rows of ``windows``
    shift: Tensor | None  # shape: (samples,), subtracted from the anchored feature of each window
    anchored_feature: int | None
    targets: Tensor  # shape: (samples,), scaled
    series_scaling: Scaling  # of the targets, shape (series that have samples,)
    level: Array  # shape: (samples,), the anchor in transformed units, 0 without one
    dates: Dates  # shape: (samples,), the target days
    log: bool
    counts: tuple[int, ...]  # samples of each series that has some
    static: StaticInputs | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def scaling(self) -> Scaling:
        """Return the scaling of the targets, shape (samples,)."""
        return _of_samples(self.series_scaling, self.counts)

    @property
    def features(self) -> int:
        """Return the number of features a day."""
        return int(self.windows.shape[-1])

    @property
    def static_inputs(self) -> int:
        """Return the number of static inputs."""
        return 0 if self.static is None else len(self.static.center)

    def entrances(self, rows: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return what a network takes of some samples, or of all: the scaled windows, and static inputs if any."""
        return (self.inputs(rows),) if self.static is None else (self.inputs(rows), self.static.scaled(rows))

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
        return np.exp(np.minimum(transformed, MAX_LOG)) if self.log else transformed

    def scaled(self, forecast: Array) -> Array:
        """Return forecasts in original units, shape (samples,), as the networks' scaled target."""
        transformed = np.log(forecast) if self.log else forecast
        return self.scaling.apply(transformed - self.level)


class SeriesScaling(NamedTuple):
    """Hold the scaling of one series. An anchored feature shares the target's, so that both have one scale."""

    features: Scaling  # shape: (features,)
    target: Scaling  # shape: ()


def samples(dataset: Dataset, split: Split, window: int, device: torch.device | str = "cpu") -> Samples:
    """Return the samples of one split; the arguments and errors are those of ``samples_of``."""
    return samples_of(dataset, (split,), window, device)[split]


def samples_of(
    dataset: Dataset, splits: Sequence[Split], window: int, device: torch.device | str = "cpu"
) -> dict[Split, Samples]:
    """Return the samples of some splits, which share their scalings.

    Args:
        dataset: the study's data.
        splits: some of ``train``, ``valid`` and ``test``.
        window: input days.
        device: of the tensors.

    Raises:
        DataError: the target relative to the window's mean is constant over train.
    """
    series = range(len(dataset.series))
    rows = {split: [dataset.rows(split, window, index) for index in series] for split in splits}
    scored = [any(rows[split][index] for split in splits) for index in series]
    scalings = [fitted_scaling(dataset, index, window) if scored[index] else None for index in series]
    static_scaling = static.static_scaling(dataset, window) if dataset.static_names else None
    rule = dataset.rule
    return {
        split: samples_at(dataset, rows[split], scalings, rule.window_of(split, window), device, static_scaling)
        for split in splits
    }


def samples_at(
    dataset: Dataset,
    rows: Sequence[range],
    scalings: Sequence[SeriesScaling | None],
    window: int,
    device: torch.device | str = "cpu",
    static_scaling: Scaling | None = None,
) -> Samples:
    """Return the samples of some target rows, with scalings that were fitted before.

    Args:
        dataset: the data; its split rule is not used.
        rows: of each series, ascending, ``window`` or more; a series may have none, but not all series.
        scalings: of each series with rows.
        window: input days.
        device: of the tensors.
        static_scaling: of the static inputs; None: the samples have none.
    """
    chosen = [
        (series, numbers(target_rows), fitted)
        for series, target_rows, fitted in zip(dataset.series, rows, scalings, strict=True)
        if target_rows and fitted is not None
    ]
    # One column after another, since the columns of all series beside their parts are twice the memory.
    counts = tuple(len(own) for _, own, _ in chosen)
    days = np.concatenate([
        fitted.features.apply(series.features[own[0] - window : own[-1]]).astype(np.float32)
        for series, own, fitted in chosen
    ])  # fmt: skip
    first_days = np.cumsum([0, *(own[-1] - own[0] + window for _, own, _ in chosen[:-1])])  # of the series in ``days``
    starts = np.concatenate([own - own[0] + first for (_, own, _), first in zip(chosen, first_days, strict=True)])
    level = np.concatenate([levels(dataset, series, own, window) for series, own, _ in chosen])
    series_scaling = Scaling(*map(np.array, zip(*(fitted.target for _, _, fitted in chosen), strict=True)))
    scaled = _of_samples(series_scaling, counts)
    transformed = np.concatenate([series.transformed[own] for series, own, _ in chosen])
    anchored = dataset.anchored and dataset.target_feature is not None
    static_inputs = None
    if static_scaling is not None:
        last_days = np.concatenate([series.first_row + own - 1 for series, own, _ in chosen])
        static_inputs = _static_inputs(dataset, last_days, level, static_scaling, device)
    tensor = partial(torch.as_tensor, dtype=torch.float32, device=device)
    return Samples(
        windows=tensor(days).unfold(0, window, 1).transpose(1, 2),
        starts=torch.as_tensor(starts, device=device),
        shift=tensor(level / scaled.scale) if anchored else None,
        anchored_feature=dataset.target_feature if anchored else None,
        targets=tensor(scaled.apply(transformed - level)),
        series_scaling=series_scaling,
        level=level,
        dates=np.concatenate([series.dates[own] for series, own, _ in chosen]),
        log=dataset.log,
        counts=counts,
        static=static_inputs,
    )


def _of_samples(series_scaling: Scaling, counts: Sequence[int]) -> Scaling:
    """Return the scaling of each sample, from that of each series with so many samples."""
    center, scale = (np.repeat(values, counts) for values in series_scaling)
    return Scaling(center, scale)


def _static_inputs(
    dataset: Dataset, rows: NDArray[np.int64], level: Array, scaling: Scaling, device: torch.device | str
) -> StaticInputs:
    with warnings.catch_warnings():  # in a worker the memory is shared and cannot be written; nobody does
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        values = torch.as_tensor(dataset.static, device=device)
    each = level, dataset.static_anchored, *scaling
    return StaticInputs(
        values,
        torch.as_tensor(rows, device=device),
        *(torch.tensor(numbers, dtype=torch.float32, device=device) for numbers in each),
    )


def fitted_scaling(dataset: Dataset, index: int, window: int) -> SeriesScaling:
    """Return the scaling of series ``index``, fitted on train days.

    Raises:
        DataError: the target relative to the window's mean is constant over train.
    """
    if not dataset.rule.fitted_on(dataset.series[index].dates, window, index):
        index = dataset.teacher(window, index)
    series = dataset.series[index]
    rows = numbers(dataset.rule.fitted_on(series.dates, window, index))
    features = scaling.fit(series.features[rows], dataset.scaling)
    fitted = above_level(dataset, index, window) if dataset.anchored else series.transformed[rows]
    target = scaling.fit(fitted, dataset.scaling)
    if dataset.anchored and dataset.target_feature is not None:
        features.center[dataset.target_feature] = target.center
        features.scale[dataset.target_feature] = target.scale
    return SeriesScaling(features, target)
