"""Read the tables of a study piece by piece, so that memory holds the curves and forecasts of one trial."""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial

from volopt.baselines.methods import baselines_of
from volopt.definition.schema import Definition
from volopt.export import tables
from volopt.export.tables import Schemas, Table
from volopt.importance.importance import study_importance
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import listing, trial_file
from volopt.studies.trial_file import TrialFile

OF_FILES = frozenset({"curves", "gradients", "predictions", "instruments"})  # tables that are read from trial files


class Missing(NamedTuple):
    """Name what tables leave out."""

    trials: list[int]  # whose curves and forecasts are missing or broken
    day_sets: list[int]  # whose baseline forecasts are missing

    def sentences(self) -> list[str]:
        """Return what is left out in plain words; nothing where all is there."""
        sentences = []
        if self.trials:
            sentences.append(
                "The tables leave out the curves and forecasts of these trials, which are missing, damaged or of an "
                f"older volopt: {', '.join(map(str, self.trials))}.\n"
                "Hint: run the study again under another --name: it reuses the stored fits and writes the files anew."
            )
        if self.day_sets:
            sentences.append(
                "The tables leave out the baselines' forecasts of these day_sets, which are missing: "
                f"{', '.join(map(str, self.day_sets))}."
            )
        return sentences


class StudySnapshot:
    """Read the tables of a study as it stood at one moment."""

    def __init__(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> None:
        self.rows = listing.trials(study, definition)
        self.missing = Missing([], [])
        self.importance_notes: list[str] = []
        self._study, self._definition, self._artifacts = study, definition, artifacts
        self._trials = study.get_trials(deepcopy=False)[: len(self.rows)]  # without those that began since
        self._day_sets: dict[str, TrialFile] = {}  # a file without seeds, by the key of its baselines

    def tables(self, schemas: Schemas, wanted: Collection[str]) -> Iterator[tuple[str, Table]]:
        """Return pieces of the wanted tables, each with the table's name; the notes are complete after it."""
        if "trials" in wanted:
            starts = [trial.datetime_start for trial in self._trials]
            yield "trials", tables.trials(self.rows, starts, schemas["trials"])
        if "seeds" in wanted:
            yield "seeds", tables.seeds(self.rows, schemas["seeds"])
        if "periods" in wanted:
            yield "periods", tables.periods(self.rows, schemas["periods"])
        if "importance" in wanted:
            importance = study_importance(self._study, self._definition)
            self.importance_notes = importance.notes
            yield "importance", tables.importance(chain(*importance.phases.values()), schemas["importance"])
        if OF_FILES & set(wanted):
            yield from (piece for piece in self._file_tables(schemas) if piece[0] in wanted)
        if "predictions" in wanted:
            yield from (("predictions", table) for table in self._baseline_tables(schemas))

    def _file_tables(self, schemas: Schemas) -> Iterator[tuple[str, Table]]:
        for row, trial in zip(self.rows, self._trials, strict=True):
            if row["state"] in ("COMPLETE", "PRUNED"):  # others leave no file
                yield from self._trial_tables(trial, schemas).items()

    def _trial_tables(self, trial: FrozenTrial, schemas: Schemas) -> dict[str, Table]:
        file = trial_file.read(self._study, trial, self._artifacts)
        if file is None:
            self.missing.trials.append(trial.number)
            return {}
        day_set = [*self._day_sets, file.baselines].index(file.baselines) + 1
        pieces = tables.trial_tables(trial.number, file, day_set, schemas)
        if pieces["predictions"].num_rows:
            self._day_sets.setdefault(file.baselines, file.model_copy(update={"seeds": []}))
        return pieces

    def _baseline_tables(self, schemas: Schemas) -> Iterator[Table]:
        names = baselines_of(self._definition.data.static)
        for day_set, (key, file) in enumerate(self._day_sets.items(), start=1):
            arrays, _ = array_store.baselines(*self._artifacts.directories).get(key) or ({}, {})
            try:
                yield from list(tables.baseline_predictions(names, arrays, file, day_set, schemas["predictions"]))
            except (KeyError, TypeError, ValueError):  # forecasts are missing, or of other days
                self.missing.day_sets.append(day_set)
