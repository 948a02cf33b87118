"""Draw which parameters matter, by two evaluators that answer different questions."""

from statistics import fmean

from volopt.figures import colours
from volopt.figures.axes import varying_parameters
from volopt.figures.chart import Axis, Bars, Chart, Subplot
from volopt.figures.importances import EVALUATORS, MAX_FANOVA_TRIALS, importances
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView

MIN_TRIALS = 10  # COMPLETE trials; importances of fewer are mostly chance
MEANING = (
    "PED-ANOVA: how much a parameter's values in the best tenth of the trials differ from those in all trials. "
    "fANOVA: how much of the variance of all values a parameter explains alone. The two may rank differently."
)


def chart(view: StudyView) -> Chart:
    """Return the importances of the parameters that varied, the largest mean on top."""
    trials = scored_trials(view)
    names = [parameter.name for parameter in varying_parameters(view, trials)]
    by_evaluator = {evaluator: importances(view, evaluator, names) for evaluator in EVALUATORS}
    known = {evaluator: shares for evaluator, shares in by_evaluator.items() if shares}
    if not known:
        raise NothingToPlotError(
            f"the {len(trials)} COMPLETE trials of {view.name} do not tell which parameter matters",
            "run more of its trials first",
        )
    upward = sorted(names, key=lambda name: fmean(shares[name] for shares in known.values()))
    marks = [
        Bars(upward, [shares[name] for name in upward], evaluator, colours.EVALUATORS[evaluator])
        for evaluator, shares in known.items()
    ]
    notes = [MEANING, *(f"{name} gives no result for these trials." for name in by_evaluator if name not in known)]
    if len(trials) < MIN_TRIALS:
        notes.append(f"{len(trials)} COMPLETE trials are few: below {MIN_TRIALS}, importances are mostly chance.")
    if len(trials) > MAX_FANOVA_TRIALS:
        notes.append(f"fANOVA used a random sample of {MAX_FANOVA_TRIALS} of the {len(trials)} COMPLETE trials.")
    fixed = [key for key in view.definition.space if key not in names]
    if fixed:
        notes.append(f"Parameters with a single value have no importance: {', '.join(fixed)}.")
    return Chart(
        f"Which parameters matter for {view.metric}",
        [Subplot(Axis("importance, share of the sum over parameters"), Axis("", "category", names=upward), marks)],
        notes=notes,
        row_height=160 + 44 * len(names),
        facts={"trials": len(trials), "fixed": fixed},
    )
