"""How many members a device has memory for."""

import os

import torch

from volopt.models.cells import CELLS
from volopt.packs.layout import WeightLayout
from volopt.packs.shape import PackCapacity, PackShape
from volopt.packs.tensors import VALID_AT_ONCE
from volopt.training.device import release_memory

DROPPING = 4.0  # float32 numbers a unit, day and sample, of dropout's hashes and masks
ROWS = 10  # weights, gradient, moments and the best weights, and what an update makes on its way
SHARE = 0.8  # of the free memory that a pack may take


def member_bytes(shape: PackShape, room: PackCapacity) -> float:
    """Return the estimated bytes that one member of a pack takes while it is trained."""
    packing = CELLS[shape.cell].packing
    assert packing is not None
    hidden, batch, layers = room.hidden_size, max(shape.sizes), shape.num_layers
    step = batch * hidden * (layers * packing.kept_numbers + packing.passing_numbers + DROPPING * room.drops)
    score = min(shape.valid, VALID_AT_ONCE) * hidden * 2 * packing.passing_numbers
    inputs = max(batch, min(shape.valid, VALID_AT_ONCE)) * (2 * shape.features + 6)
    layout = WeightLayout(
        shape.cell,
        features=shape.features,
        hidden_size=hidden,
        num_layers=layers,
        head_outputs=shape.head_outputs,
    )
    days = shape.train + shape.parts * room.window
    data = 2 * days * shape.features + 6 * shape.train + 5 * shape.valid
    return 4 * (room.window * (max(step, score) + inputs) + ROWS * layout.size + data)


def most_members(shape: PackShape, room: PackCapacity) -> int:
    """Return how many members memory is left for on the shape's device; at least one, which may fail."""
    return max(1, int(SHARE * free_bytes(shape.device) / member_bytes(shape, room)))


def free_bytes(device: str) -> float:
    """Return the memory that is free on a device once torch has given back what it does not use."""
    if torch.device(device).type == "cuda":
        release_memory(device)  # what recorded graphs hold stays theirs, so it is no use to count it
        return torch.cuda.mem_get_info(device)[0]
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**31  # a system that does not say
