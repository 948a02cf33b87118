"""Samples side by side are each trial's own samples, to the bit."""

from dataclasses import replace

import pytest
import torch

from builders import dataset, definition
from volopt.packs.samples import PackedSamples
from volopt.windows.split import Split
from volopt.windows.windows import Samples, samples

WINDOWS, LENGTH = (2, 6, 4), 6
STUDIES = {
    "as they are": definition(),
    "relative to the window": definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}),
    "a panel": definition(data={"transform": "log", "anchor": "window_mean"}),
}


def packed(study: str, split: Split) -> tuple[PackedSamples, list[Samples]]:
    data = dataset(STUDIES[study])
    if study == "a panel":  # a series more, on days of its own
        (other,) = dataset(STUDIES[study], seed=1).series
        later = {name: getattr(other, name)[20:] for name in ("dates", "features", "target", "transformed")}
        data = replace(data, series=(*data.series, replace(other, name="other", **later)))
    own = [samples(data, split, window) for window in WINDOWS]
    found = PackedSamples(own[0], len(own), LENGTH)
    for member, each in enumerate(own):
        found.put(member, each)
    return found, own


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("split", ["train", "valid"])
def test_each_member_has_its_own_windows_to_the_right_and_its_own_targets(study: str, split: Split) -> None:
    found, own = packed(study, split)
    rows = torch.stack([torch.randperm(len(own[0]), generator=torch.Generator().manual_seed(m))[:9] for m in range(3)])
    inputs, targets = found.inputs(rows), found.targets(rows)
    assert inputs.shape == (3, LENGTH, 9, own[0].features)
    for member, (each, window) in enumerate(zip(own, WINDOWS, strict=True)):
        assert torch.equal(inputs[member, -window:].transpose(0, 1), each.inputs(rows[member]))
        assert torch.equal(targets[member], each.targets[rows[member]])
        assert found.alive[member].tolist() == [0] * (LENGTH - window) + [1] * window


def test_a_member_can_be_replaced() -> None:
    found, own = packed("relative to the window", "train")
    rows = torch.arange(5).expand(3, -1)
    found.put(0, own[1])
    assert torch.equal(found.inputs(rows)[0], found.inputs(rows)[1])
    assert torch.equal(found.targets(rows)[0], own[1].targets[:5])
    assert found.alive[0].all()
