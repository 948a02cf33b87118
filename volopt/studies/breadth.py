"""On how many instruments of a panel a trial beats a baseline, and which scores of an instrument are shown."""

from typing import NamedTuple

from volopt.baselines.forecasts import SCORED
from volopt.studies.trial_file import TrialFile


class InstrumentsBeaten(NamedTuple):
    """Instruments on which the mean of a trial's forecasts has a smaller log error than a baseline, on valid."""

    baseline: str
    beaten: int
    instruments: int

    def sentence(self, trial: int) -> str:
        """Return it in plain words."""
        return f"On valid, trial {trial} beats {self.baseline} on {self.beaten} of {self.instruments} instruments."


def breadth(left: TrialFile, baseline: str) -> InstrumentsBeaten:
    """Return the breadth of what a trial left."""
    skills = [each.metrics.get(f"valid_skill_{baseline}") for each in left.instruments]
    return InstrumentsBeaten(baseline, sum(skill is not None and skill > 0 for skill in skills), len(skills))


def shown(baseline: str | None) -> list[str]:
    """Return the scores of an instrument that a table shows: log R², and the skill over HAR and the best baseline."""
    over = dict.fromkeys(name for name in ("har", baseline) if name)
    return [*(f"{split}_log_r2" for split in SCORED), *(f"{split}_skill_{name}" for name in over for split in SCORED)]
