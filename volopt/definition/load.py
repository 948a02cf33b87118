"""Study files: found by path or shipped name, read with all their mistakes at once, stored and restored."""

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from volopt.definition import checks
from volopt.definition.draft import StudyFileReader
from volopt.definition.plain import show
from volopt.definition.schema import Definition
from volopt.errors import DefinitionError, UsageError, did_you_mean

FORMAT = 1
MAX_BYTES = 100_000
MAX_LINE = 1000  # characters: a key of many parts costs tomllib their number squared
MAX_TOLD = 100  # mistakes
SEE_TEMPLATE = "compare with the commented study file that `volopt new` writes"


def shipped() -> list[Path]:
    """The study files that come with volopt, the paper's grid first."""
    package = Path(__file__).parents[1]
    folder = package / "study" if (package / "study").is_dir() else package.parent / "study"  # wheel, else checkout
    return sorted(folder.glob("*.toml"), key=lambda path: (path.stem != "grid", path.stem))


def find(study: str) -> Path:
    """The file of a shipped study's name, else of a path."""
    names = {path.stem: path for path in shipped()}
    if study in names:
        return names[study]
    with suppress(OSError):  # such as a name too long for any file
        if Path(study).is_file():
            return Path(study)
        if Path(study).exists():
            raise UsageError(f"{show(study)} is no file", "give the path of a study file, a small TOML text")
    raise UsageError(
        f"there is no study file {show(study)}{did_you_mean(study, names)}",
        "`volopt studies` lists those that ship, `volopt new NAME` writes one to start from",
    )


def read_text(path: Path) -> str:
    """The text of a study file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DefinitionError(f"study file {path} cannot be read: {error.strerror}", "check its permissions") from None
    if len(content) > MAX_BYTES:
        message = f"{path} has more than the {MAX_BYTES} bytes a study file may have"
        raise DefinitionError(message, "give the path of a study file, a small TOML text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DefinitionError(f"study file {path} is not UTF-8 text: line {line}", "save it as UTF-8") from None


def read(text: str, source: str) -> Definition:
    """The definition that a study file's text states; ``source`` names it in errors.

    Raises:
        DefinitionError: with every mistake of the text.
    """
    try:
        return _build(_parsed(text, source), f"study file {source}")
    except RecursionError:
        raise DefinitionError(f"study file {source} is nested too deep", SEE_TEMPLATE) from None


def _parsed(text: str, source: str) -> dict[str, Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            message = f"line {number} of study file {source} has more than the {MAX_LINE} characters a line may have"
            raise DefinitionError(message, "write a list or a table over several lines")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"study file {source} is not valid TOML: {error}", SEE_TEMPLATE) from None


def load(study: str) -> Definition:
    """The definition in a shipped study file or at a path."""
    path = find(study)
    return read(read_text(path), str(path))


def dump(definition: Definition) -> dict[str, Any]:
    """The definition as JSON can hold it, in the study file's own keys and in canonical order."""
    return definition.model_dump(mode="json", by_alias=True, exclude_none=True)


def restore(stored: Mapping[str, Any]) -> Definition:
    """The definition that ``dump`` gave."""
    return _build(stored, "the stored definition")


def override(
    definition: Definition,
    *,
    name: str | None = None,
    epochs: int | None = None,
    seeds: int | None = None,
    trials: int | None = None,
) -> Definition:
    """The definition with what the command line sets; ``trials`` is the total of each non-grid phase."""
    raw = dump(definition)
    given = {"epochs": epochs, "seeds": seeds}
    raw["training"] |= {key: value for key, value in given.items() if value is not None}
    if name is not None:
        raw["name"] = name
    for phase in raw["phase"]:
        if trials is not None and phase["sampler"] != "grid":
            phase["trials"] = trials
    return _build(raw, f'study "{definition.name}" with these options')


def _build(raw: Mapping[str, Any], source: str) -> Definition:
    found = raw.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise DefinitionError(
            f"{source} has format {show(found)}, and this volopt reads format {FORMAT}", "a newer volopt is needed"
        )
    reader = StudyFileReader()
    draft = reader.table(Definition, raw)
    if mistakes := [*reader.mistakes, *checks.mistakes(draft)]:
        raise DefinitionError(
            f"{source} has {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}",
            SEE_TEMPLATE,
            _told(mistakes),
        )
    return Definition.model_validate(raw)


def _told(mistakes: Sequence[str]) -> list[str]:
    more = len(mistakes) - MAX_TOLD
    return [*mistakes[:MAX_TOLD], *([f"... and {more} more"] if more > 0 else [])]
