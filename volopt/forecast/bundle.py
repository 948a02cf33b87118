"""A bundle: a directory that holds a forecaster, ready to be copied anywhere.

``bundle.json`` says what it is, ``SHA256SUMS`` lists the files as ``sha256sum --check`` reads it.
``seed-N.safetensors`` holds the weights of a network, ``errors.safetensors`` the out-of-sample errors that calibrate
intervals. Nothing in it can run: there is no pickle. A bundle is written whole or not at all, and read as one that a
stranger sent: what is missing, changed, of another format or led outside is refused.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from volopt.data.files import inside, is_directory, read_bounded, read_lines
from volopt.definition.load import restore
from volopt.definition.plain import show
from volopt.definition.schema import Definition
from volopt.definition.space import contains
from volopt.definition.values import Scalar
from volopt.errors import DataError, DefinitionError
from volopt.metrics import Array
from volopt.training.task import Arrays
from volopt.windows.scaling import Scaling
from volopt.windows.windows import SeriesScaling

FORMAT = 1
FACTS = "bundle.json"
SUMS = "SHA256SUMS"
ERRORS = "errors.safetensors"
MAX_FACTS = 20_000_000  # bytes
MAX_SUMS = 1_000_000
MAX_FILE = 1_000_000_000
_SUM = re.compile(r"([0-9a-f]{64})  (bundle\.json|(?:seed-[0-9]{1,6}|errors)\.safetensors|network\.onnx)")


def _is_day(text: str) -> str:
    date.fromisoformat(text)  # raises ValueError where there is no such day
    return text


Day = Annotated[str, Field(pattern=r"^[12]\d\d\d-\d\d-\d\d$"), AfterValidator(_is_day)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]


class _BundleTable(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class BundleInstrument(_BundleTable):
    """How one instrument is scaled, what training saw of it, and its last days, by which its data are known again."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9^][A-Za-z0-9^._=-]*$", max_length=100)]
    center: list[Number]  # of the features
    scale: list[Positive]
    target_center: Number
    target_scale: Positive
    low: list[Number]  # of each scaled feature, over all windows of train
    high: list[Number]
    days: Annotated[list[Day], Field(min_length=1)]  # the last ones of train
    values: list[list[Number]]  # shape: (days, features and target)

    def scaling(self) -> SeriesScaling:
        """Return the scaling as arrays."""
        features = Scaling(np.array(self.center), np.array(self.scale))
        return SeriesScaling(features, Scaling(np.array(self.target_center), np.array(self.target_scale)))


class BundleSource(_BundleTable):
    """The data that a bundle was fitted on."""

    provider: str  # the directory, as it was then
    reader: str
    synthetic: bool
    fingerprint: str
    shown: str  # of which instruments, in words


class BundleFacts(_BundleTable):
    """What ``bundle.json`` says."""

    format: int
    volopt: str
    created: str
    study: str
    trial: int
    definition: dict[str, Any]
    params: dict[str, Scalar]
    epochs: int
    until: Day  # the last day that was learned from
    data: BundleSource
    versions: dict[str, str]
    instruments: Annotated[list[BundleInstrument], Field(min_length=1)]
    seeds: Annotated[list[int], Field(min_length=1)]
    backtest: dict[str, Any]  # the latest years, forecast by what was fitted before each


class Bundle:
    """A bundle in memory.

    Args:
        facts: of ``bundle.json``.
        weights: of each seed, as in ``training.state``.
        errors: of each instrument, oldest first (``conformal.error``).
    """

    def __init__(self, facts: BundleFacts, weights: Sequence[Arrays], errors: Mapping[str, Array]) -> None:
        self.facts, self.weights, self.errors = facts, weights, errors
        self.definition: Definition = restore(facts.definition)

    @property
    def window(self) -> int:
        """Return the input days."""
        return int((self.definition.baseline() | dict(self.facts.params))["window"])

    @property
    def until(self) -> date:
        """Return the last day that was learned from."""
        return date.fromisoformat(self.facts.until)


def write(bundle: Bundle, directory: Path, *, more: Mapping[str, bytes], force: bool) -> None:
    """Write a bundle.

    Args:
        bundle: in memory.
        directory: that must not be there yet.
        more: other files by name, such as an ONNX model.
        force: whether one that is there is replaced, where it is a bundle.

    Raises:
        DataError: there is something at ``directory``, or it cannot be written.
    """
    check_place(directory, force=force)
    files = {
        f"seed-{seed}.safetensors": save(arrays)
        for seed, arrays in zip(bundle.facts.seeds, bundle.weights, strict=True)
    }
    files[ERRORS] = save({name: np.ascontiguousarray(values) for name, values in bundle.errors.items()})
    files |= more
    files[FACTS] = (json.dumps(bundle.facts.model_dump(mode="json"), indent=1) + "\n").encode()
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    files[SUMS] = "".join(sums).encode()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=directory.parent) as temporary:
            building = Path(temporary) / "new"
            building.mkdir()
            for name, content in files.items():
                (building / name).write_bytes(content)
            if directory.exists():
                directory.replace(Path(temporary) / "old")
            building.replace(directory)
    except OSError as error:
        raise DataError(f"{directory} cannot be written: {error.strerror}", "name another --out") from error


def check_place(directory: Path, *, force: bool) -> None:
    """Refuse to write where something is that is not to be replaced.

    Raises:
        DataError: there is something at ``directory``.
    """
    if directory.exists() and not (force and (directory / FACTS).is_file()):
        way = "--force replaces it" if (directory / FACTS).is_file() else "name another --out"
        raise DataError(f"{directory} is already there", way)


def read(directory: Path) -> Bundle:
    """Read a bundle.

    Raises:
        DataError: it is none, is incomplete or changed, or was written by another format of volopt.
    """
    contents = _contents(directory)
    facts = _facts(directory, contents[FACTS])
    names = [f"seed-{seed}.safetensors" for seed in facts.seeds]
    for name in (*names, ERRORS):
        if name not in contents:
            raise _broken(directory, f"{SUMS} does not list {name}")
    try:
        weights = [load(contents[name]) for name in names]
        bundle = Bundle(facts, weights, load(contents[ERRORS]))
    except (SafetensorError, DefinitionError, KeyError, TypeError, ValueError) as error:
        raise _broken(directory, f"it cannot be read ({type(error).__name__})") from error
    _check(bundle, directory)
    return bundle


def _contents(directory: Path) -> dict[str, bytes]:
    """Return every file that the sums list, each as it was written."""
    if not is_directory(directory) or not (directory / FACTS).exists():
        raise DataError(f"there is no bundle at {directory}", "`volopt refit` writes one")
    found = {}
    for line in read_lines(inside(directory, SUMS), MAX_SUMS):
        match = _SUM.fullmatch(line)
        if match is None:
            raise _broken(directory, f"{SUMS} has a line {show(line)}, which is of no file of a bundle")
        digest, name = match.groups()
        found[name] = read_bounded(inside(directory, name), MAX_FACTS if name == FACTS else MAX_FILE)
        if hashlib.sha256(found[name]).hexdigest() != digest:
            raise _broken(directory, f"{name} is not as it was written")
    if FACTS not in found:
        raise _broken(directory, f"{SUMS} does not list {FACTS}")
    return found


def _facts(directory: Path, content: bytes) -> BundleFacts:
    try:
        said = json.loads(content)
        version = said["format"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise _broken(directory, f"{FACTS} is not what volopt writes") from error
    if version != FORMAT:
        raise DataError(
            f"{directory} has the bundle format {show(version)}, and this volopt reads format {FORMAT}",
            "make it again with this volopt's `volopt refit`, or use the volopt that wrote it",
        )
    try:
        return BundleFacts.model_validate(said)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise _broken(directory, f"{FACTS} says nothing sound of {where}") from error


def _check(bundle: Bundle, directory: Path) -> None:
    """Refuse facts and numbers that do not fit each other."""
    space, params = bundle.definition.space, bundle.facts.params
    if params.keys() != space.keys() or not all(contains(space[key], value) for key, value in params.items()):
        raise _broken(directory, "its params are no point of its study's [space]")
    if bundle.definition.data.files is not None:
        raise _broken(directory, "its study is about CSV files")
    features = len(bundle.definition.data.features)
    for each in bundle.facts.instruments:
        widths = {len(each.center), len(each.scale), len(each.low), len(each.high)}
        if (
            widths != {features}
            or {len(row) for row in each.values} - {features + 1}
            or len(each.days) != len(each.values)
        ):
            raise _broken(directory, f"its numbers of {each.name} are not those of {features} features")
        if each.name not in bundle.errors or bundle.errors[each.name].ndim != 1:
            raise _broken(directory, f"{ERRORS} has no errors of {each.name}")
    if not all(np.isfinite(v).all() for arrays in bundle.weights for v in arrays.values()):
        raise _broken(directory, "its weights are not finite")


def _broken(directory: Path, why: str) -> DataError:
    return DataError(f"the bundle {directory} is broken: {why}", "make it again with `volopt refit`, or copy it anew")
