"""What ``volopt run`` shows while it runs: a live bar on a terminal, a line a trial otherwise; both on stderr."""

from collections.abc import Sequence
from types import TracebackType

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from volopt.definition.schema import Definition, Phase
from volopt.figures import words
from volopt.search.callbacks import Callback
from volopt.search.plan import PhasePlan


class RunProgress(Callback):
    """Trials done, best value and time left."""

    def __init__(self, definition: Definition) -> None:
        self._objective = definition.objective
        self.console = Console(stderr=True)
        self._best: float | None = None
        self._done, self._total = 0, 0
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[trials]} trials, best {task.fields[best]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None, trials="0", best="-")

    def __call__(self, plans: Sequence[PhasePlan]) -> "RunProgress":
        """Take what is to be done, show the bar, and watch it being done."""
        seconds = sum(each.seconds for each in plans)
        self._bar.update(self._task, total=seconds or 1, completed=0 if seconds else 1)
        self._bar.start()
        return self

    def __enter__(self) -> "RunProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def phase_started(self, phase: Phase, done: int, total: int, best: float | None) -> None:
        """Show the phase."""
        self._done, self._total, self._best = done, total, best
        self._show(phase)
        if not self.console.is_terminal:
            self.console.print(f"{phase.name}: {done}/{total}", highlight=False)

    def trained(self, seconds: float) -> None:
        """Move the bar."""
        self._bar.advance(self._task, seconds)

    def trial_finished(self, phase: Phase, trial: FrozenTrial) -> None:
        """Count the trial, and on no terminal print it."""
        if trial.state != TrialState.FAIL:
            self._done += 1
        if trial.state == TrialState.COMPLETE and trial.value is not None:
            choose = min if self._objective.direction == "minimize" else max
            self._best = trial.value if self._best is None else choose(self._best, trial.value)
        self._show(phase)
        if not self.console.is_terminal:
            told = trial.user_attrs.get("reason") or f"{self._objective.metric} {trial.value:.5g}"
            line = f"{phase.name} {self._done}/{self._total}: trial {trial.number} {trial.state.name}, {told}"
            self.console.print(f"{line} ({words.params(trial.params)})", highlight=False, soft_wrap=True)

    def _show(self, phase: Phase) -> None:
        best = "-" if self._best is None else f"{self._objective.metric} {self._best:.5g}"
        self._bar.update(self._task, description=phase.name, trials=f"{self._done}/{self._total}", best=best)
