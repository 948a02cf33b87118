"""Read a stored study as tables, figures and a report."""

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volopt.api import arguments
from volopt.api.arguments import AnyPath
from volopt.api.notices import CALLER, warn, warn_if_synthetic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna
    import pandas as pd
    from plotly.graph_objects import Figure

    from volopt.figures.study_view import StudyView


def load(name: str, *, storage: str | None = None) -> "Study":
    """Return a stored study, for reading. It warns if the study's data are synthetic.

    Args:
        name: of the study.
        storage: URL of the database; None for ``VOLOPT_STORAGE``, or ``sqlite:///storage/volopt.db``.

    Raises:
        StudyError: there is no study of this name.
        StorageError: there is no database, or it cannot be read.
    """
    study = Study(name, arguments.storage_url(storage))
    warn_if_synthetic(study.synthetic)
    return study


class Study:
    """Read a stored study; it never writes to it. ``run`` and ``load`` return one.

    Each call reads the study as it stands, also while it runs. The tables have the columns and types of ``volopt
    export``: ``string`` for texts, ``Int64`` and ``boolean`` where a value can be missing. A call warns of what is
    missing on the disk.

    Args:
        name: of the study.
        storage: URL of the database.

    Raises:
        StudyError: there is no study of this name.
        StorageError: there is no database, or it cannot be read.
    """

    def __init__(self, name: str, storage: str) -> None:
        from volopt.storage.artifacts import artifacts_of
        from volopt.storage.database.connect import connect
        from volopt.studies.study import find

        opened = connect(storage)
        weakref.finalize(self, opened.close)
        self._study, self._definition = find(opened, name)
        self._artifacts = artifacts_of(opened)

    def __repr__(self) -> str:
        return f'<volopt study "{self.name}">'

    @property
    def name(self) -> str:
        """Return the study's name."""
        return self._study.study_name

    @property
    def optuna(self) -> "optuna.Study":
        """Return the Optuna study. Only read it: the process that runs a study alone writes to it."""
        return self._study

    @property
    def synthetic(self) -> bool:
        """Return whether the data of the study are generated."""
        return self._view().synthetic

    def trials(self) -> "pd.DataFrame":
        """Return a row for each trial: state, phases, parameters, the means of its metrics over the seeds."""
        return self._table("trials")

    def seeds(self) -> "pd.DataFrame":
        """Return a row for each seed of each trial, with its metrics."""
        return self._table("seeds")

    def periods(self) -> "pd.DataFrame":
        """Return a row for each valid period of each COMPLETE trial; raises StudyError if the study has only one."""
        return self._table("periods")

    def curves(self) -> "pd.DataFrame":
        """Return a row for each epoch of each seed, with its losses."""
        return self._table("curves")

    def gradients(self) -> "pd.DataFrame":
        """Return a row for each recurrent layer in each recorded epoch of each seed, with its gradient norm."""
        return self._table("gradients")

    def predictions(self) -> "pd.DataFrame":
        """Return a row for each forecast of each seed and each baseline: split, date, actual value and forecast."""
        return self._table("predictions")

    def instruments(self) -> "pd.DataFrame":
        """Return a row for each split of each instrument, with the scores of each trial's mean forecast."""
        return self._table("instruments")

    def importance(self) -> "pd.DataFrame":
        """Return a row for each bar of the figure ``importance``: a parameter, in a phase, by a method.

        It warns with what one must know of them, for example why a phase tells nothing.
        """
        return self._table("importance")

    def best(self) -> "pd.DataFrame":
        """Return a row for each COMPLETE trial, the best first, with what ``volopt best`` says of it.

        ``low`` and ``high`` end the 95 % interval of ``estimate``. ``p_best`` is the share of draws in which the trial
        is the best, ``regret`` its mean distance to the best of a draw. ``in_set`` marks the trials that cannot be told
        from the best; ``likely`` and ``simplest`` mark one of them each.

        Raises:
            StudyError: no trial is COMPLETE.
        """
        from volopt.export.frames import evaluation_frame

        return evaluation_frame(self._view().evaluation, self._definition)

    def choice(self) -> dict[str, Any]:
        """Return what ``volopt best --json`` says of the study as a whole, such as ``expected``, as numbers by name.

        Raises:
            StudyError: no trial is COMPLETE.
        """
        return self._view().evaluation.choice_facts()

    def figure(
        self, kind: str, *, trial: "int | str | Sequence[int | str]" = (), instrument: str | None = None
    ) -> "Figure":
        """Return a figure of ``volopt plot`` as a plotly figure, which a notebook shows.

        Args:
            kind: such as importance, history or forecast.
            trial: a trial to show, or several: numbers, likely, simplest or best.
            instrument: of a panel, for figures of days.

        Raises:
            UsageError: there is no such kind, trial or instrument.
            StudyError: the study has nothing to draw it from.
        """
        from volopt.figures.drawing.plotly import figure
        from volopt.figures.kinds import KINDS, check_kind, check_options
        from volopt.figures.shown_trials import trial_numbers

        trials = arguments.texts(trial)
        check_kind(kind)
        check_options([kind], trials, instrument)
        view = self._view()
        return figure(KINDS[kind].chart(view, trial_numbers(view, trials), instrument))

    def report(self, out: AnyPath | None = None) -> Path:
        """Write the report as one HTML file, which replaces an existing one, and return its path.

        Args:
            out: the file; None for ``NAME-report.html``.

        Raises:
            StorageError: the file cannot be written.
        """
        from volopt.report.page import write_page

        path = arguments.optional_path(out) or Path(f"{self.name}-report.html")
        write_page(self._view(), path)
        return path

    def _view(self) -> "StudyView":
        from volopt.figures.study_view import StudyView

        return StudyView(self._study, self._definition, self._artifacts)

    def _table(self, name: str) -> "pd.DataFrame":
        from volopt.export.frames import read_frame

        frame, notes = read_frame(self._study, self._definition, self._artifacts, name)
        warn(notes, CALLER + 1)
        return frame
