"""Write and read a bundle: a directory with a forecaster, which can be copied anywhere.

``bundle.json`` says what it is, and ``SHA256SUMS`` lists the files as ``sha256sum --check`` reads it.
``seed-N.safetensors`` holds the weights of a network, ``errors.safetensors`` the out-of-sample errors that calibrate
intervals, and ``pooled.safetensors`` the pooled baselines where the forecast combines them with the networks. A bundle
holds no pickle, so reading it runs no code. It is written whole or not at all. It is read as if a stranger had sent it:
a file that is missing, changed, of another format or outside the directory is refused.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from volopt.baselines.methods import HAR_DAYS
from volopt.data.files import is_directory, path_inside, read_bounded, read_lines
from volopt.definition.load import restore
from volopt.definition.plain_text import INSTRUMENT, show
from volopt.definition.schema import Definition
from volopt.definition.space import WHOLE_KEYS, contains
from volopt.definition.values import Scalar
from volopt.errors import DataError, DefinitionError
from volopt.forecast import members
from volopt.forecast.walk_forward.combine import MEMBERS
from volopt.metrics import Array
from volopt.models.recurrent import Recurrent
from volopt.training.network import build
from volopt.training.state import to_tensors
from volopt.training.task import Arrays, Config
from volopt.windows.scaling import Scaling
from volopt.windows.windows import SeriesScaling

FORMAT = 1
FACTS = "bundle.json"
SUMS = "SHA256SUMS"
ERRORS = "errors.safetensors"
POOLED = "pooled.safetensors"
HAR_NUMBERS = len(HAR_DAYS) + 2
MAX_FACTS_BYTES = 20_000_000
MAX_SUMS_BYTES = 1_000_000
MAX_FILE_BYTES = 1_000_000_000
_SUM = re.compile(r"([0-9a-f]{64})  (bundle\.json|(?:seed-[0-9]{1,6}|errors|pooled)\.safetensors|network\.onnx)")

Day = Annotated[str, Field(pattern=r"^[12]\d\d\d-\d\d-\d\d$"), AfterValidator(lambda day: str(date.fromisoformat(day)))]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]
Share = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1)]


class _BundleTable(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class BundleInstrument(_BundleTable):
    """Hold the scaling of one instrument, its range in training, and its last train days, which identify its data."""

    name: Annotated[str, Field(pattern=f"^{INSTRUMENT}$", max_length=100)]
    center: list[Number]  # of the features
    scale: list[Positive]
    target_center: Number
    target_scale: Positive
    low: list[Number]  # of each scaled feature over all train windows
    high: list[Number]
    days: Annotated[list[Day], Field(min_length=1)]  # the last ones of train
    values: list[list[Number]]  # shape: (days, features and target)
    static: list[list[Number]] = []  # shape: (days, static inputs)
    har: list[Number] = []  # HAR's coefficients and the floor of its target, if it forecasts days after suspensions

    def scaling(self) -> SeriesScaling:
        """Return the scaling as arrays."""
        features = Scaling(np.array(self.center), np.array(self.scale))
        return SeriesScaling(features, Scaling(np.array(self.target_center), np.array(self.target_scale)))


class BundleStatic(_BundleTable):
    """Hold how the static inputs are standardised."""

    center: list[Number]
    scale: list[Positive]

    def scaling(self) -> Scaling:
        """Return the scaling as arrays."""
        return Scaling(np.array(self.center), np.array(self.scale))


class BundleSource(_BundleTable):
    """Name the data that a bundle was fitted on."""

    provider: str  # the directory at that time
    reader: str
    synthetic: bool
    fingerprint: str
    shown: str  # the instruments, in words


class BundleFacts(_BundleTable):
    """Hold the content of ``bundle.json``."""

    format: int
    volopt: str
    created: str
    study: str
    trial: int
    asked: str = ""  # how the user named the trial; bundles of earlier versions do not say it
    definition: dict[str, Any]
    params: dict[str, Scalar]
    epochs: int
    until: Day  # the last day that was learned from
    data: BundleSource
    versions: dict[str, str]
    instruments: Annotated[list[BundleInstrument], Field(min_length=1)]
    seeds: Annotated[list[int], Field(min_length=1)]
    backtest: dict[str, Any]  # scores of the calibration years
    static: BundleStatic | None = None
    market: list[str] = []  # the stocks of the cross-section
    combined: dict[str, Share] = {}  # the weight of each member of the forecast; empty: the networks alone


class Bundle:
    """Hold a bundle in memory.

    Args:
        facts: of ``bundle.json``.
        weights: of each seed, as in ``training.state``.
        errors: of each instrument, oldest first (``conformal.forecast_errors``).
        pooled: the arrays of the pooled baselines, where the forecast combines them.
    """

    def __init__(
        self,
        facts: BundleFacts,
        weights: Sequence[Arrays],
        errors: Mapping[str, Array],
        pooled: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.facts, self.weights, self.errors, self.pooled = facts, weights, errors, pooled or {}
        self.definition: Definition = restore(facts.definition)

    @property
    def config(self) -> Config:
        """Return the configuration of its networks."""
        return Config.of(self.definition, self.facts.params)

    @property
    def static_inputs(self) -> int:
        """Return the number of static inputs of its networks."""
        return len(self.definition.data.static) if self.config.static == "branch" else 0

    @property
    def until(self) -> date:
        """Return the last day that was learned from."""
        return date.fromisoformat(self.facts.until)

    def networks(self) -> Iterator[Recurrent]:
        """Yield the network of each seed, in eval mode.

        Raises:
            DataError: the weights do not fit the network.
        """
        for arrays in self.weights:
            network = build(self.config, len(self.definition.data.features), len(self.definition.data.static))
            try:
                network.load_state_dict(to_tensors("weights", arrays))
            except RuntimeError as error:
                raise DataError(
                    "the weights of the bundle do not fit its network", "create the bundle again"
                ) from error
            yield network.eval()


def write(bundle: Bundle, directory: Path, *, more: Mapping[str, bytes], force: bool) -> None:
    """Write a bundle.

    Args:
        bundle: in memory.
        directory: to create.
        more: other files by name, such as an ONNX model.
        force: whether to replace an existing bundle.

    Raises:
        DataError: ``directory`` exists and is not replaced, or cannot be written.
    """
    check_destination(directory, force=force)
    weights = zip(bundle.facts.seeds, bundle.weights, strict=True)
    files = {f"seed-{seed}.safetensors": save(arrays) for seed, arrays in weights}
    files[ERRORS] = _saved(bundle.errors)
    if bundle.pooled:
        files[POOLED] = _saved(bundle.pooled)
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


def _saved(arrays: Mapping[str, np.ndarray]) -> bytes:
    return save({name: np.asarray(values, order="C") for name, values in arrays.items()})  # keeps an array of no axis


def check_destination(directory: Path, *, force: bool) -> None:
    """Refuse to write over anything but a bundle that is to be replaced.

    Raises:
        DataError: ``directory`` exists and is not replaced.
    """
    is_bundle = (directory / FACTS).is_file()
    if directory.exists() and not (force and is_bundle):
        raise DataError(f"{directory} already exists", "--force replaces it" if is_bundle else "name another --out")


def read(directory: Path) -> Bundle:
    """Read a bundle.

    Raises:
        DataError: it is not a bundle, is incomplete or changed, or another format of volopt wrote it.
    """
    contents = _contents(directory)
    facts = _facts(directory, contents[FACTS])
    names = [f"seed-{seed}.safetensors" for seed in facts.seeds]
    for name in (*names, ERRORS, *([POOLED] if facts.combined else [])):
        if name not in contents:
            raise _broken(directory, f"{SUMS} does not list {name}")
    try:
        weights = [load(contents[name]) for name in names]
        pooled = load(contents[POOLED]) if facts.combined else None
        bundle = Bundle(facts, weights, load(contents[ERRORS]), pooled)
    except (SafetensorError, DefinitionError, KeyError, TypeError, ValueError) as error:
        raise _broken(directory, f"it cannot be read ({type(error).__name__})") from error
    _check_consistent(bundle, directory)
    return bundle


def _contents(directory: Path) -> dict[str, bytes]:
    """Return the files that the sums list, each of which matches its sum."""
    if not is_directory(directory) or not (directory / FACTS).exists():
        raise DataError(f"there is no bundle at {directory}", "`volopt refit` writes one")
    contents = {}
    for line in read_lines(path_inside(directory, SUMS), MAX_SUMS_BYTES):
        match = _SUM.fullmatch(line)
        if match is None:
            raise _broken(directory, f"{SUMS} has a line {show(line)}, which does not list a file of a bundle")
        digest, name = match.groups()
        limit = MAX_FACTS_BYTES if name == FACTS else MAX_FILE_BYTES
        contents[name] = read_bounded(path_inside(directory, name), limit)
        if hashlib.sha256(contents[name]).hexdigest() != digest:
            raise _broken(directory, f"{name} does not match its SHA-256 sum")
    if FACTS not in contents:
        raise _broken(directory, f"{SUMS} does not list {FACTS}")
    return contents


def _facts(directory: Path, content: bytes) -> BundleFacts:
    try:
        facts = json.loads(content)
        version = facts["format"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise _broken(directory, f"{FACTS} is not what volopt writes") from error
    if version != FORMAT:
        raise DataError(
            f"{directory} has the bundle format {show(version)}, and this volopt reads format {FORMAT}",
            "create it again with this volopt's `volopt refit`, or use the volopt that wrote it",
        )
    try:
        return BundleFacts.model_validate(facts)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise _broken(directory, f"{FACTS} has no valid {key}") from error


def _check_consistent(bundle: Bundle, directory: Path) -> None:
    """Refuse facts and arrays that do not fit each other."""
    space, params = bundle.definition.space, bundle.facts.params
    is_point = params.keys() == space.keys() and all(contains(space[key], value) for key, value in params.items())
    if not is_point or any(isinstance(params[key], float) for key in WHOLE_KEYS & params.keys()):
        raise _broken(directory, "its params are not a point of the study's [space]")
    if bundle.definition.data.files is not None:
        raise _broken(directory, "its study uses CSV files")
    features, inputs = len(bundle.definition.data.features), len(bundle.definition.data.static)
    for instrument in bundle.facts.instruments:
        lengths = {len(getattr(instrument, name)) for name in ("center", "scale", "low", "high")}
        widths = {len(row) for row in instrument.values}
        if lengths != {features} or widths - {features + 1} or len(instrument.days) != len(instrument.values):
            raise _broken(directory, f"its numbers of {instrument.name} do not fit {features} features")
        if [len(row) for row in instrument.static] != [inputs] * (len(instrument.days) if inputs else 0):
            raise _broken(directory, f"its static inputs of {instrument.name} do not fit the study")
        has_har = bundle.definition.forecast.after_suspension == "har"
        if len(instrument.har) != HAR_NUMBERS * has_har or (has_har and instrument.har[-1] <= 0):
            raise _broken(directory, f"its coefficients of HAR of {instrument.name} do not fit the study")
        if instrument.name not in bundle.errors or bundle.errors[instrument.name].ndim != 1:
            raise _broken(directory, f"{ERRORS} has no errors of {instrument.name}")
    if set(bundle.facts.combined) != (set(MEMBERS) if bundle.definition.forecast.combine != "none" else set()):
        raise _broken(directory, "the weights of its members do not fit the study")
    if bundle.facts.combined and abs(sum(bundle.facts.combined.values()) - 1) > 1e-9:
        raise _broken(directory, "the weights of its members do not have the sum 1")
    instruments = len(bundle.facts.instruments)
    if bundle.facts.combined and not members.are_valid(bundle.pooled, inputs, instruments):
        raise _broken(directory, f"{POOLED} does not fit {inputs} static inputs and {instruments} instruments")
    static = bundle.facts.static
    if (static is None) == bool(inputs) or (static and {len(static.center), len(static.scale)} != {inputs}):
        raise _broken(directory, f"its standardisation does not fit {inputs} static inputs")
    if not all(np.isfinite(values).all() for arrays in bundle.weights for values in arrays.values()):
        raise _broken(directory, "its weights are not finite")


def _broken(directory: Path, why: str) -> DataError:
    return DataError(
        f"the bundle {directory} is broken: {why}", "create it again with `volopt refit`, or copy it again"
    )
