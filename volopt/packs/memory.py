"""The memory of a pack: how many members a device has memory for."""

import os

import torch

from volopt.models.cells import CELLS
from volopt.packs.network import VALID_BATCH
from volopt.packs.shape import PackCapacity, PackShape
from volopt.training.device import release_memory

DROPOUT_NUMBERS = 4.0  # float32 numbers per unit, day and sample of dropout's hashes and masks
ROWS = 10  # of a member: weights, gradient, moments, best weights, and the temporary rows of an update
MEMORY_SHARE = 0.8  # of the free memory that a pack may take


def member_bytes(shape: PackShape, capacity: PackCapacity) -> float:
    """Return the estimated bytes of one member of a pack during training."""
    packing = CELLS[shape.cell].packing
    assert packing is not None
    hidden, batch, passing = capacity.hidden_size, shape.max_batch, packing.passing_numbers
    kept = shape.num_layers * packing.kept_numbers
    step = batch * hidden * (kept + passing + DROPOUT_NUMBERS * capacity.has_dropout)
    valid_batch = min(shape.valid, VALID_BATCH)
    valid_step = valid_batch * hidden * 2 * passing
    inputs = max(batch, valid_batch) * (2 * shape.features + 6)
    days = shape.train + shape.parts * capacity.window
    data = 2 * days * shape.features + 6 * shape.train + 5 * shape.valid
    return 4 * (capacity.window * (max(step, valid_step) + inputs) + ROWS * shape.layout(hidden).size + data)


def max_members(shape: PackShape, capacity: PackCapacity) -> int:
    """Return how many members the free memory of the shape's device can hold; at least 1, which may fail."""
    return max(1, int(MEMORY_SHARE * free_bytes(shape.device) / member_bytes(shape, capacity)))


def free_bytes(device: str) -> float:
    """Return the free memory of a device, after torch has released what it does not use."""
    if torch.device(device).type == "cuda":
        release_memory(device)  # recorded CUDA graphs keep their memory, so it does not count
        return torch.cuda.mem_get_info(device)[0]
    if "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**31  # for a system that does not report it
