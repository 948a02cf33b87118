"""Which parameters matter: two evaluators side by side, since they ask different questions."""

from statistics import fmean

from volopt.figures import colours
from volopt.figures.axes import varying
from volopt.figures.chart import Axis, Bars, Chart, Subplot
from volopt.figures.importances import EVALUATORS, MOST, importances
from volopt.figures.points import scored
from volopt.figures.study_view import NothingToPlotError, StudyView

FEW = 10  # COMPLETE trials, under which importances tell little
MEANING = (
    "PED-ANOVA: how far a parameter's values in the best tenth of the trials differ from those in all of them. "
    "fANOVA: how much of the variance of all values a parameter explains alone. The two may rank differently."
)


def chart(subject: StudyView) -> Chart:
    """Return the importances of the parameters that varied, the largest mean on top."""
    trials = scored(subject)
    names = [parameter.name for parameter in varying(subject, trials)]
    found = {evaluator: importances(subject, evaluator, names) for evaluator in EVALUATORS}
    told = {evaluator: shares for evaluator, shares in found.items() if shares}
    if not told:
        raise NothingToPlotError(
            f"the {len(trials)} COMPLETE trials of {subject.name} do not tell which parameter matters",
            "run more of its trials first",
        )
    upward = sorted(names, key=lambda name: fmean(shares[name] for shares in told.values()))
    marks = [
        Bars(upward, [shares[name] for name in upward], evaluator, colours.EVALUATORS[evaluator])
        for evaluator, shares in told.items()
    ]
    fixed = [key for key in subject.definition.space if key not in names]
    return Chart(
        f"Which parameters matter for {subject.definition.objective.metric}",
        [Subplot(Axis("importance, share of the sum over parameters"), Axis("", "category", names=upward), marks)],
        subtitle=subject.about,
        notes=(*subject.notes, MEANING, *_warnings(len(trials), fixed, found)),
        row_height=160 + 44 * len(names),
        facts={"trials": len(trials), "fixed": fixed},
    )


def _warnings(trials: int, fixed: list[str], found: dict[str, dict[str, float]]) -> list[str]:
    said = [f"{name} cannot tell from these trials." for name, shares in found.items() if not shares]
    if trials < FEW:
        said.append(f"{trials} COMPLETE trials are few: under {FEW}, importances are mostly chance.")
    if trials > MOST:
        said.append(f"fANOVA has seen {MOST} of the {trials} COMPLETE trials, drawn at random.")
    if fixed:
        said.append(f"No importance for what had one value only: {', '.join(fixed)}.")
    return said
