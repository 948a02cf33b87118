"""Panels: frames of many instruments from one provider."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

from volopt.data.frame import DataSource, Frame, load_frames
from volopt.data.provider import open_provider
from volopt.definition.schema import Definition
from volopt.errors import DataError, suggest

# Names under which exchanges and vendors list an index, whose volume is no share's: Shanghai, Shenzhen, Beijing, CSI.
_INDEX = re.compile(r"(SH000|SZ399|BJ899|CSI|\^).*", re.IGNORECASE)


@dataclass(frozen=True)
class Panel:
    """What was read; ``left_out`` says by name why an instrument has no frame."""

    frames: Sequence[Frame]
    source: DataSource
    left_out: Mapping[str, str] = field(default_factory=dict)


def load_panel(
    directory: Path,
    instruments: Sequence[str] | Literal["all"],
    expressions: Sequence[str],
    start: date | None,
    end: date | None,
    *,
    cache: Path | None = None,
) -> Panel:
    """Read a frame for each instrument that has one in the range; arguments as those of ``load_frames``.

    ``"all"`` stands for every instrument of the provider but indices.

    Raises:
        DataError: an instrument is unknown, or none has a frame.
    """
    known = open_provider(directory).instruments
    for name in instruments if instruments != "all" else ():
        if name not in known:
            raise DataError(f"there is no instrument {name} in {directory}", suggest(name, known))
    names = sorted(name for name in known if not is_index(name)) if instruments == "all" else instruments
    frames, sources, left_out = list[Frame](), list[DataSource](), dict[str, DataError]()
    for name in names:
        try:
            (frame,), source = load_frames(directory, name, expressions, start, end, cache=cache)
        except DataError as error:
            left_out[name] = error
            continue
        frames.append(frame)
        sources.append(source)
    if not sources:
        indices = DataError("it lists nothing but indices", "name those to read")
        why = next(iter(left_out.values()), indices)
        raise DataError(f"no instrument of {directory} can be read: {why.message}", why.hint)
    fingerprint = hashlib.sha256("".join(source.fingerprint for source in sources).encode()).hexdigest()
    reasons = {name: error.message for name, error in left_out.items()}
    return Panel(tuple(frames), replace(sources[0], fingerprint=fingerprint), reasons)


def is_index(name: str) -> bool:
    """Return whether a name is that of an index, which is not traded."""
    return _INDEX.fullmatch(name) is not None


def read_data(
    definition: Definition, directory: Path, cache: Path, last: date | None = None, *, whole: bool = False
) -> Panel:
    """Return the frames of a definition, from its first train day on.

    Args:
        definition: the study's.
        directory: of the data.
        cache: directory of frames that were read before.
        last: day; None for the last one of test, or of the data.
        whole: whether days after test are read too.
    """
    said = definition.data
    expressions = list(dict.fromkeys([*said.features, said.target]))
    first = said.train[0] if said.train else None
    last = last or (said.test[1] if said.test and not whole else None)
    if said.instruments is not None:
        return load_panel(directory, said.instruments, expressions, first, last, cache=cache)
    files = (said.files.history, said.files.test) if said.files else ()
    return Panel(*load_frames(directory, str(said.instrument), expressions, first, last, files=files, cache=cache))
