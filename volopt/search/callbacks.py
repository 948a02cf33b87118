"""What the driver tells whoever watches."""

from optuna.trial import FrozenTrial

from volopt.definition.schema import Phase


class Callback:
    """Hears everything and says nothing; progress displays override what they show."""

    def phase_started(self, phase: Phase, done: int, total: int, best: float | None) -> None:
        """Hear that a phase begins with ``done`` of its ``total`` trials finished, and the study's best value."""

    def trial_started(self, phase: Phase, number: int) -> None:
        """Hear that a trial began."""

    def trained(self, seconds: float) -> None:
        """Hear that about this many CPU seconds of work, as estimated, are done."""

    def trial_finished(self, phase: Phase, trial: FrozenTrial) -> None:
        """Hear that a trial is COMPLETE, PRUNED or FAIL."""
