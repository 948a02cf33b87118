"""What must hold after kills, each as a line with its figure."""

import re
from typing import NamedTuple

from kills.campaign import KINDS, MOMENTS, Tally
from kills.evidence import SERVER, Evidence
from kills.study import GRIDS, SEARCH, Size

RESUMED = re.compile(r"resumes at epoch")  # what a run says of a fit whose state it found


class Line(NamedTuple):
    """One thing that must hold."""

    name: str
    figure: str
    holds: bool
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.figure}{'' if self.holds else f'  FAILED {self.detail}'}"


def table(tally: Tally) -> str:
    """Return the kills by kind and moment."""
    rows = ["| killed | " + " | ".join(MOMENTS) + " | all |", "|---|" + "---:|" * (len(MOMENTS) + 1)]
    for kind in KINDS:
        counts = [tally.kills[kind, moment] for moment in MOMENTS]
        rows.append(f"| {kind} | " + " | ".join(map(str, [*counts, sum(counts)])) + " |")
    return "\n".join(rows)


def verdict(tally: Tally, found: Evidence, truth: dict[str, str], size: Size, kills: int) -> list[Line]:
    """Return what must hold.

    Args:
        tally: of the campaign.
        found: in its database.
        truth: what each point of the grid says after an undisturbed run.
        size: of the study.
        kills: that were asked for.
    """
    by_kind = {kind: sum(tally.kills[kind, moment] for moment in MOMENTS) for kind in KINDS}
    counts = ", ".join(f"{kind} {count}" for kind, count in by_kind.items())
    enough = sum(by_kind.values()) == kills and min(by_kind.values()) >= kills // 4
    return [
        Line("kills", f"{sum(by_kind.values())} ({counts})", enough),
        *_trials(tally, found),
        Line(
            "orphans left",
            f"{tally.orphans} (longest time to end {tally.longest_end:.2f} s)",
            tally.orphans == 0,
        ),
        *[line for name in tally.names for line in _study(name, found, truth, size)],
        Line("runs that gave up", str(len(tally.gave_up)), not tally.gave_up, "\n".join(tally.gave_up)),
        _tracebacks(tally),
        Line("integrity_check", found.integrity(), found.integrity() in ("ok", SERVER)),
        Line("fits that went on from a rung", str(_resumed(tally)), _resumed(tally) > 0 or not size.long),
    ]


def _trials(tally: Tally, found: Evidence) -> list[Line]:
    duplicated = sum(found.duplicated(name) for name in tally.names)
    running = sum(found.unfinished(name) for name in tally.names)
    reasons = [reason for name in tally.names for reason in found.failures(name)]
    said = sum(str(reason).startswith("interrupted") for reason in reasons)
    others = sorted({str(reason) for reason in reasons if not str(reason).startswith("interrupted")})
    return [
        Line(f"trials lost, in {found.looks} looks", str(len(found.lost)), not found.lost, "\n".join(found.lost)),
        Line("trials duplicated", str(duplicated), duplicated == 0),
        Line("RUNNING or WAITING left", str(running), running == 0),
        Line("FAIL trials that say they were interrupted", f"{said}/{len(reasons)}", said == len(reasons), str(others)),
    ]


def _study(name: str, found: Evidence, truth: dict[str, str], size: Size) -> list[Line]:
    values, count = found.values(name, GRIDS), found.count(name, SEARCH)
    wrong = [f"{values.get(point)} is not {said}" for point, said in truth.items() if values.get(point) != said]
    equal = len(truth) - len(wrong)
    whole = not wrong and equal == size.points == len(values)
    return [
        Line(
            f"{name}: grid points equal to the undisturbed run", f"{equal}/{size.points}", whole, "\n".join(wrong[:1])
        ),
        Line(f"{name}: TPE trials finished", f"{count}/{size.trials}", count == size.trials),
    ]


def _tracebacks(tally: Tally) -> Line:
    logs = [said for said in tally.said if "Traceback" in said]
    return Line("runs that printed a traceback", str(len(logs)), not logs, logs[0][-2000:] if logs else "")


def _resumed(tally: Tally) -> int:
    return sum(len(RESUMED.findall(said)) for said in tally.said)
