"""The shapes of what volopt keeps in attributes: whether what a database holds has them."""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from volopt.baselines.forecasts import BASELINES

LARGEST = 2**53  # of whole numbers: from here on a float skips some
WHOLE = frozenset({"seed", "epochs", "best_epoch"})
DATA = {"provider": str, "reader": str, "synthetic": bool, "fingerprint": str}
RUN = {
    **dict.fromkeys(("started", "device", "precision", "machine", "command", "study_file", "pack"), str),
    **{"workers": int | str, "scheduler": str | None, "git_commit": str | None},
}


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a finite number, of a size that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LARGEST if isinstance(value, int) else math.isfinite(value)


def is_score(name: str, value: object) -> bool:
    """Return whether a value can be that of a metric, which may be undefined."""
    return value is None or (is_number(value) and not (name in WHOLE and isinstance(value, float)))


def are_scores(found: object) -> bool:
    """Return whether an attribute of a trial is what ``results.SCORES`` is."""
    if not isinstance(found, dict):
        return False
    seeds = found.get("seeds", [])
    return isinstance(seeds, list) and all(map(_is_seed, seeds)) and _is_scored(found.get("skills", {}))


def is_data(found: object) -> TypeGuard[dict[str, Any]]:
    """Return whether an attribute of a study tells of its data."""
    return isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in DATA.items())


def is_run(found: object) -> TypeGuard[dict[str, Any]]:
    """Return whether one of a study's run records has nothing of another type than ``storage.record`` writes."""
    if not isinstance(found, dict):
        return False
    data, versions = found.get("data", {}), found.get("versions", {})
    return _fits(found, RUN) and _is_of(versions, str) and isinstance(data, dict) and _tells_of_data(data)


def baselines(found: object) -> dict[str, dict[str, float | None]]:
    """Return the scores of the baselines that volopt knows, where an attribute of a study holds them."""
    known = found if isinstance(found, dict) else {}
    return {name: dict(known[name]) for name in known if name in BASELINES and _is_scored(known[name])}


def _tells_of_data(found: dict[str, Any]) -> bool:
    frames, days = found.get("frames", []), found.get("days", {})
    return (
        _fits(found, DATA)
        and _is_of(days, int)
        and _is_of(found.get("left_out", {}), str)
        and isinstance(frames, list)
        and all(isinstance(frame, dict) and _is_frame(frame) for frame in frames)
    )


def _is_frame(found: dict[str, Any]) -> bool:
    texts = [*map(found.get, ("name", "first", "last")), *_listed(found.get("quality"))]
    return all(isinstance(text, str) for text in texts)


def _is_seed(found: object) -> bool:
    return _is_scored(found) and isinstance(found, dict) and found.get("seed") is not None


def _is_scored(found: object) -> bool:
    return isinstance(found, dict) and all(is_score(name, value) for name, value in found.items())


def _listed(found: object) -> list[object]:
    return found if isinstance(found, list) else [None]


def _is_of(found: object, kind: type) -> bool:
    return isinstance(found, dict) and all(isinstance(value, kind) for value in found.values())


def _fits(found: dict[str, Any], kinds: Mapping[str, Any]) -> bool:
    """Return whether each value under a known key is of its kind."""
    return all(isinstance(value, kinds[name]) for name, value in found.items() if name in kinds)
