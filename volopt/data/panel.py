"""Read the data of a study: a frame, or a panel with the frames of many instruments of one provider."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np

from volopt.data.frame import Frame, load_frames
from volopt.data.market import Market, market_nodes, read_market
from volopt.data.provider import Provider, open_provider
from volopt.definition.expressions import parse
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.storage.run_record import DataSource

# Names of indices, whose volume is not that of a share: of Shanghai, Shenzhen, Beijing, CSI, and of vendors.
_INDEX = re.compile(r"(SH000|SZ399|BJ899|CSI|\^).*", re.IGNORECASE)


@dataclass(frozen=True)
class Panel:
    """Hold the frames of a study; ``left_out`` says by name why an instrument has no frame."""

    frames: Sequence[Frame]
    source: DataSource
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()  # what a reader should know of the market's parts of expressions
    calendar: np.ndarray | None = None  # datetime64[D], the provider's sessions; None for CSV files
    market: Sequence[str] = ()  # the stocks of the cross-section; none where no expression has one


def read_data(
    definition: Definition, directory: Path, cache: Path, last: date | None = None, *, after_test: bool = False
) -> Panel:
    """Return the frames of a definition, from its first train day on.

    Args:
        definition: of the study.
        directory: of the data.
        cache: the directory of frames that were read before.
        last: the last day; None for the last one of test, or of the data.
        after_test: whether to read days after test too.

    Raises:
        DataError: the data cannot be read, or give no usable frame.
    """
    data = definition.data
    expressions = list(dict.fromkeys([*data.features, data.target]))
    first = data.train[0] if data.train else None
    last = last or (data.test[1] if data.test and not after_test else None)
    static = [each.read for each in data.static_inputs]
    if data.instruments is not None:
        return load_panel(directory, data.instruments, expressions, first, last, cache=cache, static=static)
    name, files = str(data.instrument), (data.files.history, data.files.test) if data.files else ()
    market = market_of(directory, [name], [*expressions, *static], first, last)
    frames, source = load_frames(
        directory, name, expressions, first, last, files=files, cache=cache, static=static, market=market.series
    )
    calendar = None if files else open_provider(directory).calendar
    return Panel(frames, source, notes=market.notes, calendar=calendar)


def market_of(
    directory: Path, instruments: Sequence[str], expressions: Sequence[str], first: date | None, last: date | None
) -> Market:
    """Return the series of the market's parts of expressions; the provider is not opened where they have none.

    Args:
        directory: of the provider.
        instruments: that the cross-section consists of.
        expressions: of features, target and static inputs.
        first: the first day that is needed; None for the first of the data.
        last: the last day that is needed; None for the last of the data.

    Raises:
        DataError: an instrument that an expression names cannot be read, or has no values in the range.
    """
    parsed = [parse(text) for text in expressions]
    if not market_nodes(parsed):
        return Market()
    return read_market(open_provider(directory), instruments, parsed, first, last)


def load_panel(
    directory: Path,
    instruments: Sequence[str] | Literal["all"],
    expressions: Sequence[str],
    start: date | None,
    end: date | None,
    *,
    cache: Path | None = None,
    static: Sequence[str] = (),
) -> Panel:
    """Read a frame of each instrument that has one in the range; the arguments are those of ``load_frames``.

    ``"all"`` stands for every instrument of the provider except indices. The static inputs of all frames are parts of
    one array, so that nobody needs to copy them to join them.

    Raises:
        DataError: an instrument is unknown, or none has a frame.
    """
    provider = open_provider(directory)
    for name in instruments if instruments != "all" else ():
        provider.check_listed(name)
    instruments = members(provider, instruments)
    market = market_of(directory, instruments, [*expressions, *static], start, end)
    frames, sources, left_out = list[Frame](), list[DataSource](), dict[str, DataError]()
    # The rows that nobody writes take no memory.
    inputs = np.empty((len(instruments) * len(provider.rows(start, end)) if static else 0, len(static)), np.float32)
    for name in instruments:
        try:
            (frame,), source = load_frames(
                directory, name, expressions, start, end, cache=cache, static=static, market=market.series
            )
        except DataError as error:
            left_out[name] = error
            continue
        if frame.static is not None:
            own, inputs = np.split(inputs, [len(frame.static)])
            own[:] = frame.static
            frame = replace(frame, static=own)
        frames.append(frame)
        sources.append(source)
    if not sources:
        only_indices = DataError("it lists only indices", "name those to read")
        first = next(iter(left_out.values()), only_indices)
        raise DataError(f"no instrument of {directory} can be read: {first.message}", first.hint)
    fingerprint = hashlib.sha256("".join(source.fingerprint for source in sources).encode()).hexdigest()
    reasons = {name: error.message for name, error in left_out.items()}
    source = sources[0].model_copy(update={"fingerprint": fingerprint})
    nodes = market_nodes(map(parse, [*expressions, *static]))
    stocks = instruments if any(not node.instrument for node in nodes) else ()
    return Panel(tuple(frames), source, reasons, market.notes, provider.calendar, stocks)


def members(provider: Provider, instruments: Sequence[str] | Literal["all"]) -> Sequence[str]:
    """Return the instruments of a panel; all except indices for ``"all"``."""
    if instruments != "all":
        return instruments
    return sorted(name for name in provider.instruments if not is_index(name))


def is_index(name: str) -> bool:
    """Return whether a name is that of an index, which is not traded."""
    return _INDEX.fullmatch(name) is not None
