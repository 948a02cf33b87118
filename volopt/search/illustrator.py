"""What the driver leaves for the eyes: pictures and notes are made by whoever is given to it, as the study goes on."""

from typing import Any

import optuna
from optuna.trial import FrozenTrial


class Illustrator:
    """Is told everything and makes nothing; ``dashboard.illustrate`` has one that draws."""

    def trial(self, trial: optuna.Trial, content: dict[str, Any], value: float | None) -> None:
        """Leave something beside a trial that is about to be told, while Optuna lets us attach files.

        Args:
            trial: RUNNING.
            content: of its artifact, see ``search.trial_results.artifact``.
            value: the one it will be told with; None where it is pruned.
        """

    def failed(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        """Leave something beside a trial that failed."""

    def study(self) -> None:
        """Bring up to date what stands beside the study: a phase, or the run, ends."""
