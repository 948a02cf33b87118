"""Packed samples are each trial's own samples, bit for bit."""

from dataclasses import replace

import pytest
import torch

from builders import dataset, definition
from volopt.packs.samples import PackedSamples
from volopt.windows.split import Split
from volopt.windows.windows import Samples, samples

WINDOWS, MAX_WINDOW = (2, 6, 4), 6
STUDIES = {
    "not anchored": definition(),
    "anchored": definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}),
    "panel": definition(data={"transform": "log", "anchor": "window_mean"}),
}


def packed(study: str, split: Split) -> tuple[PackedSamples, list[Samples]]:
    data = dataset(STUDIES[study])
    if study == "panel":  # a second series with other days
        (series,) = dataset(STUDIES[study], seed=1).series
        later = {name: getattr(series, name)[20:] for name in ("dates", "features", "target", "transformed")}
        data = replace(data, series=(*data.series, replace(series, name="other", **later)))
    members = [samples(data, split, window) for window in WINDOWS]
    made = PackedSamples(members[0], len(members), MAX_WINDOW)
    for slot, member in enumerate(members):
        made.put(slot, member)
    return made, members


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("split", ["train", "valid"])
def test_each_member_has_its_own_windows_aligned_to_the_right_and_its_own_targets(study: str, split: Split) -> None:
    made, members = packed(study, split)
    rows = torch.stack(
        [torch.randperm(len(members[0]), generator=torch.Generator().manual_seed(slot))[:9] for slot in range(3)]
    )
    inputs, targets = made.inputs(rows), made.targets(rows)
    assert inputs.shape == (3, MAX_WINDOW, 9, members[0].features)
    for slot, (member, window) in enumerate(zip(members, WINDOWS, strict=True)):
        assert torch.equal(inputs[slot, -window:].transpose(0, 1), member.inputs(rows[slot]))
        assert torch.equal(targets[slot], member.targets[rows[slot]])
        assert made.window_mask[slot].tolist() == [0] * (MAX_WINDOW - window) + [1] * window


def test_the_samples_of_a_slot_can_be_replaced() -> None:
    made, members = packed("anchored", "train")
    rows = torch.arange(5).expand(3, -1)
    made.put(0, members[1])
    assert torch.equal(made.inputs(rows)[0], made.inputs(rows)[1])
    assert torch.equal(made.targets(rows)[0], members[1].targets[:5])
    assert made.window_mask[0].all()
