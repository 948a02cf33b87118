"""Colours that tell things apart, for colour-blind people too."""

import itertools

import numpy as np
import pytest
from plotly.colors import hex_to_rgb

from volopt.baselines.methods import BASELINES
from volopt.figures import colours

# Linear RGB as people without one kind of cone see it (Machado, Oliveira and Fernandes 2009, severity 1).
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TOGETHER = {  # things that stand in one figure
    "cells": [*colours.CELLS.values(), colours.ACTUAL, colours.GREY],
    "splits": [*colours.SPLITS.values(), colours.ACTUAL],
    "baselines": [*colours.BASELINES.values(), colours.ACTUAL],
    "states": list(colours.STATES.values()),
    "importance": list(colours.IMPORTANCE.values()),
    "series": list(colours.SERIES),
}


def test_every_baseline_has_a_colour() -> None:
    assert colours.BASELINES.keys() == BASELINES.keys()


@pytest.mark.parametrize("group", TOGETHER)
@pytest.mark.parametrize("kind", SEEN)
def test_no_two_things_of_a_figure_look_alike(group: str, kind: str) -> None:
    seen = {colour: _seen(colour, kind) for colour in TOGETHER[group]}
    assert len(seen) == len(TOGETHER[group])
    for (one, a), (other, b) in itertools.combinations(seen.items(), 2):
        assert np.linalg.norm(a - b) > 0.1, (one, other)


def _seen(colour: str, kind: str) -> np.ndarray:
    """Return a colour as it is seen, linear RGB from 0 to 1."""
    linear = (np.array(hex_to_rgb(colour)) / 255) ** 2.2
    return np.clip(np.array(SEEN[kind]) @ linear, 0, 1) ** (1 / 2.2)
