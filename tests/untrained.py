"""Bundles with networks that were never trained."""

from typing import Any

import numpy as np
import torch
from torch import nn

from builders import definition
from volopt.definition.load import dump
from volopt.forecast.bundle import Bundle, BundleFacts, BundleInstrument, BundleSource
from volopt.training.network import build
from volopt.training.state import to_arrays
from volopt.training.task import Arrays, Config
from volopt.windows.dataset import Dataset
from volopt.windows.windows import fitted_scaling


def bundle(dataset: Dataset, *, seeds: int = 2, data: dict[str, Any] | None = None, **params: Any) -> Bundle:
    """Return a bundle of the small study, for the one instrument of ``dataset``.

    Args:
        dataset: it is said to have learned from.
        seeds: networks.
        data: what ``[data]`` says otherwise.
        params: of the trial.
    """
    said = definition(data=data or {})
    config = Config.of(said, params)
    facts = BundleFacts(
        format=1,
        volopt="0",
        created="",
        study="small",
        trial=3,
        definition=dump(said),
        params={key: said.defaults()[key] for key in said.space} | params,
        epochs=1,
        until="2020-05-31",
        data=BundleSource(provider="nowhere", reader="native", synthetic=True, fingerprint="", shown="SH600000"),
        versions={},
        instruments=[_instrument(dataset, config.window)],
        seeds=list(range(seeds)),
        backtest={},
    )
    weights = [_weights(config, len(said.data.features), seed) for seed in range(seeds)]
    return Bundle(facts, weights, {dataset.series[0].name: np.empty(0)})


def _weights(config: Config, features: int, seed: int) -> Arrays:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build(config, features)
        if network.norm is not None:  # as if it had seen other numbers than of mean 0 and variance 1
            for values in (*network.norm.buffers(), *network.norm.parameters()):
                if values.is_floating_point():
                    nn.init.uniform_(values, 0.5, 2)
    return to_arrays("weights", network.state_dict())


def _instrument(dataset: Dataset, window: int) -> BundleInstrument:
    scaled, features = fitted_scaling(dataset, 0, window), len(dataset.names)
    return BundleInstrument(
        name=dataset.series[0].name,
        center=scaled.features.center.tolist(),
        scale=scaled.features.scale.tolist(),
        target_center=float(scaled.target.center),
        target_scale=float(scaled.target.scale),
        low=[0.0] * features,
        high=[1.0] * features,
        days=["2020-01-01"],
        values=[[0.0] * (features + 1)],
    )
