"""The importance of a study's parameters, phase by phase, and what a reader must know of it."""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
import optuna
from optuna.trial import TrialState

from volopt.definition.schema import Definition, Phase
from volopt.importance import anova, evaluators
from volopt.importance.bars import Importance
from volopt.importance.evaluators import FANOVA, PED_ANOVA
from volopt.importance.panels import MIN_BEST, PhaseTrials, grid_table, phase_panel, pooled_panel, seeded_trials
from volopt.studies.attributes import PHASE
from volopt.studies.space import distributions

Found = tuple[list[Importance], list[str]]  # importances of a panel, and sentences about it
MIN_TRIALS = 5  # of fewer trials, most bootstrap draws hold two or three


class StudyImportance(NamedTuple):
    """Hold the importances by phase, one of a grid and up to two of others, and sentences that explain them."""

    phases: dict[str, list[Importance]]
    notes: list[str]

    @property
    def unsettled(self) -> list[str]:
        """Return the phases in which a method leaves the order open."""
        return [phase for phase, found in self.phases.items() if not all(one.settled for one in found)]


def study_importance(study: optuna.Study, definition: Definition) -> StudyImportance:
    """Return how much each parameter matters in each phase; where no phase tells, only the notes, which say why."""
    trials, unusable = seeded_trials(study, definition)
    result = StudyImportance({}, _left_out(study, unusable))
    panels = [phase_panel(phase, trials) for phase in definition.phases]
    for phase, panel in zip(definition.phases, panels, strict=True):
        _add(result, panel, _grid(phase, panel, definition) if phase.is_grid else _sample(panel, definition))
    if sum(bool(panel.parameters) for panel in panels) > 1:
        pooled, confounded = pooled_panel(panels, trials, maximizes=_maximizes(definition))
        if confounded:
            result.notes.append(
                f"Confounded by design and not ranked over all phases: {', '.join(confounded)}. "
                "The phases of most of the best trials held them."
            )
        if len(pooled.parameters) > 1:
            _add(result, pooled, _sample(pooled, definition))
        else:
            result.notes.append("No two parameters can be ranked over all phases.")
    result.notes.extend(_disagreements(result.phases))
    return result


def _add(result: StudyImportance, panel: PhaseTrials, found: Found) -> None:
    importances, notes = found
    if importances:
        result.phases[panel.phase] = importances
    result.notes.extend(notes)


def _left_out(study: optuna.Study, unusable: int) -> list[str]:
    """Return how many trials have no say, by phase."""
    pruned = Counter(
        trial.user_attrs.get(PHASE, "no phase")
        for trial in study.get_trials(deepcopy=False)
        if trial.state == TrialState.PRUNED
    )
    counts = [f"{count} of {phase}" for phase, count in pruned.items()]
    notes = [f"PRUNED trials have no final value and no say: {', '.join(counts)}."] if counts else []
    if unusable:
        notes.append(f"COMPLETE trials with a seed that has no finite value, and so no say: {unusable}.")
    return notes


def _obstacle(panel: PhaseTrials) -> str:
    """Return the sentence that says why a panel has no importances, if nothing varies in it."""
    count = len(panel.trials)
    if count < 2:
        return f"{panel.phase} has {'one' if count else 'no'} COMPLETE trial."
    if not panel.parameters:
        return f"No parameter varies among the {count} COMPLETE trials of {panel.phase}."
    equal = np.ptp(np.concatenate([trial.seeds for trial in panel.trials])) == 0
    return f"All values of {panel.phase} are equal, so no parameter matters." if equal else ""


def _grid(phase: Phase, panel: PhaseTrials, definition: Definition) -> Found:
    if obstacle := _obstacle(panel):
        return [], [obstacle]
    table = grid_table(phase, definition, panel)
    if table is None:
        points = math.prod(map(len, phase.grid.values()))
        return [], [
            f"{phase.name} is not analysed yet: its analysis of variance needs all of its {points} points, each "
            "with a COMPLETE trial of as many seeds."
        ]
    notes = []
    if table.shape[-1] == 1:
        notes.append(
            f"{phase.name} has one seed a point, so it has no intervals and no bar for seeds; its bars hold noise."
        )
    return [anova.importance(phase.name, table, panel.parameters)], notes


def _sample(panel: PhaseTrials, definition: Definition) -> Found:
    if obstacle := _obstacle(panel):
        return [], [obstacle]
    count, name = len(panel.trials), panel.phase
    if len(panel.parameters) == 1:
        return [], [f"{name} varied {panel.parameters[0]} alone, and one parameter has no rank."]
    if count < MIN_TRIALS:
        return [], [f"{name} has {count} COMPLETE trials, and a bootstrap over trials needs {MIN_TRIALS}."]
    found = evaluators.importances(panel, definition.space, distributions(definition), maximizes=_maximizes(definition))
    notes = []
    if PED_ANOVA not in {one.method for one in found}:
        notes.append(
            f"{name}: PED-ANOVA is not shown: it compares the best {MIN_BEST} with all, and needs "
            f"{MIN_BEST / evaluators.MAX_QUANTILE:.0f} trials."
        )
    if count > evaluators.MAX_TRIALS:
        notes.append(f"{name}: a random sample of {evaluators.MAX_TRIALS} of its {count} COMPLETE trials.")
    useless = [one.method for one in found if not any(bar.value for bar in one.bars)]
    notes.extend(f"{name}: {method} gives no result for these trials." for method in useless)
    return [one for one in found if one.method not in useless], notes


def _disagreements(phases: dict[str, list[Importance]]) -> list[str]:
    """Return what the two evaluators ask, and for each phase whether they name the same parameter first."""
    both = {phase: found for phase, found in phases.items() if len(found) == 2}
    if not both:
        return []
    size = "the best tenth of the trials (at least 8)"
    notes = [
        f"PED-ANOVA asks in which parameters {size} differ from all trials; fANOVA asks which parameters alone explain "
        "the variance of a random forest over the whole range."
    ]
    for phase, (ped, forest) in both.items():
        if ped.leader.name != forest.leader.name:
            notes.append(
                f"They disagree in {phase}: {PED_ANOVA} puts {ped.leader.name} first, {FANOVA} {forest.leader.name}."
            )
    return notes


def _maximizes(definition: Definition) -> bool:
    return definition.objective.direction == "maximize"
