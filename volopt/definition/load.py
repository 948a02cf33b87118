"""Find study files by path or shipped name, read them with all their mistakes at once, write, store, restore them."""

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from volopt.definition import checks, phase_checks
from volopt.definition.draft import StudyFileReader
from volopt.definition.plain_text import show
from volopt.definition.schema import Definition
from volopt.errors import DefinitionError, UsageError, did_you_mean

FORMAT = 1
MAX_BYTES = 100_000
MAX_LINE = 1000  # characters: tomllib's time for a key grows with the square of its parts
MAX_WIDTH = 120  # characters of a list that is written in one line
MAX_MISTAKES = 100  # that an error lists
SEE_TEMPLATE = "compare it with the commented study file that `volopt new` writes"


def shipped() -> list[Path]:
    """Return the study files that come with volopt, the paper's grid first."""
    package = Path(__file__).parents[1]
    folder = package / "study" if (package / "study").is_dir() else package.parent / "study"  # wheel, else checkout
    return sorted(folder.glob("*.toml"), key=lambda path: (path.stem != "grid", path.stem))


def find(study: str) -> Path:
    """Return the study file of a shipped name, or of a path."""
    names = {path.stem: path for path in shipped()}
    if study in names:
        return names[study]
    with suppress(OSError):  # such as a name too long for any file
        if Path(study).is_file():
            return Path(study)
        if Path(study).exists():
            raise UsageError(f"{show(study)} is not a file", "give the path of a study file, a small TOML text")
        if Path(f"{study}.toml").is_file():
            message = f"there is no study file {show(study)}, did you mean {show(f'{study}.toml')}?"
            raise UsageError(message, "give the path of a study file with its ending")
    beside = map(str, Path(study).parent.glob("*.toml"))
    raise UsageError(
        f"there is no study file {show(study)}{did_you_mean(study, [*names, *beside])}",
        "`volopt studies` lists those that ship, `volopt new NAME` writes one to start from",
    )


def read_text(path: Path) -> str:
    """Return the text of a study file.

    Raises:
        DefinitionError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DefinitionError(f"study file {path} cannot be read: {error.strerror}", "check its permissions") from None
    if len(content) > MAX_BYTES:
        message = f"{path} has more than the {MAX_BYTES} bytes that a study file may have"
        raise DefinitionError(message, "give the path of a study file, a small TOML text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DefinitionError(f"study file {path} is not UTF-8 text: line {line}", "save it as UTF-8") from None


def read(text: str, source: str) -> Definition:
    """Return the definition of a study file's text; ``source`` names the file in errors.

    Raises:
        DefinitionError: with every mistake of the text.
    """
    try:
        return _build(_parse(text, source), f"study file {source}", is_file=True)
    except RecursionError:
        raise DefinitionError(f"study file {source} is nested too deep", SEE_TEMPLATE) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            message = f"line {number} of study file {source} has more than {MAX_LINE} characters"
            raise DefinitionError(message, "write a list or a table over several lines")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"study file {source} is not valid TOML: {error}", SEE_TEMPLATE) from None


def load(study: str) -> Definition:
    """Return the definition of a shipped study file, or of a path."""
    path = find(study)
    return read(read_text(path), str(path))


def dump(definition: Definition) -> dict[str, Any]:
    """Return the definition as JSON can hold it, in the study file's own keys and in canonical order."""
    return definition.model_dump(mode="json", by_alias=True, exclude_none=True)


def study_file(definition: Definition) -> str:
    """Return the text of a study file with this definition: plain values first, as TOML requires, then the tables."""
    content = dump(definition)
    tables = {key: value for key, value in content.items() if isinstance(value, dict | list)}
    lines = _value_lines({key: value for key, value in content.items() if key not in tables})
    for key, value in tables.items():
        header = f"[[{key}]]" if isinstance(value, list) else f"[{key}]"
        for table in value if isinstance(value, list) else [value]:
            lines += ["", header, *_value_lines(table)]
    return "\n".join(lines) + "\n"


def _value_lines(table: Mapping[str, Any]) -> list[str]:
    return [_value_line(key, value) for key, value in table.items() if value not in ([], {})]


def _value_line(key: str, value: Any) -> str:
    line = f"{key} = {_toml_value(value)}"
    if isinstance(value, list) and len(line) > MAX_WIDTH:  # one item a line
        return "\n".join([f"{key} = [", *(f"    {_toml_value(item)}," for item in value), "]"])
    return line


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def restore(stored: Mapping[str, Any]) -> Definition:
    """Return the definition that ``dump`` returned, of this volopt or an earlier one."""
    return _build(stored, "the stored definition", is_stored=True)


def override(
    definition: Definition,
    *,
    name: str | None = None,
    epochs: int | None = None,
    seeds: int | None = None,
    trials: int | None = None,
) -> Definition:
    """Return the definition with the command line's options.

    ``trials`` is the total of each phase but grids. ``epochs`` are those of each trial: where the study searches them,
    it has only this number.
    """
    raw = dump(definition)
    options = {"epochs": epochs, "seeds": seeds}
    raw["training"] |= {key: value for key, value in options.items() if value is not None}
    if name is not None:
        raw["name"] = name
    for table in (raw["space"], *(phase["grid"] for phase in raw["phase"])):
        if epochs is not None and "epochs" in table:
            table["epochs"] = [epochs]
    for phase in raw["phase"]:
        if epochs is not None and "epochs" in phase["fix"]:
            phase["fix"]["epochs"] = epochs
        if trials is not None and phase["sampler"] != "grid":
            phase["trials"] = trials
    return _build(raw, f'study "{definition.name}" with these options')


def _build(raw: Mapping[str, Any], source: str, *, is_stored: bool = False, is_file: bool = False) -> Definition:
    version = raw.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise DefinitionError(
            f"{source} has format {show(version)}, and this volopt reads format {FORMAT}", "update volopt"
        )
    reader = StudyFileReader()
    draft = reader.table(Definition, raw)
    lines = [*reader.mistakes, *checks.mistakes(draft)]
    if not is_stored:
        lines += checks.removed_samplers(draft)
    if is_file:
        lines += phase_checks.batches(draft)
    if lines:
        message = f"{source} has {len(lines)} mistake{'s' * (len(lines) > 1)}"
        more = len(lines) - MAX_MISTAKES
        rest = [f"... and {more} more"] if more > 0 else []
        raise DefinitionError(message, SEE_TEMPLATE, lines[:MAX_MISTAKES] + rest)
    return Definition.model_validate(raw)
