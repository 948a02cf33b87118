"""Draw which parameters matter in each phase, with intervals, and whether their order is settled."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from volopt.figures import colours
from volopt.figures.axes import varying_parameters
from volopt.figures.chart import Axis, Bars, Chart, Subplot
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.importance.bars import SETTLED, Importance
from volopt.importance.importance import StudyImportance, study_importance

INTERVALS = (
    "Lines: 95 % intervals, of a grid (ANOVA) over its seeds, of other phases over trials and seeds. "
    f"“first”: the share of draws in which a parameter is first; {SETTLED:.0%} of them settle the order. How many more "
    "seeds or trials would settle it is an estimate. Of two percentages the first is PED-ANOVA's, the second fANOVA's."
)
BAR_HEIGHT, TEXT_HEIGHT, MIN_BARS = 19, 120, 6  # pixels of a bar, and of the text around a subplot


def chart(view: StudyView) -> Chart:
    """Return a subplot for each phase: its parameters from the top, then interactions and seeds."""
    trials = scored_trials(view)
    varying_parameters(view, trials)  # raises an error where none varies
    result = study_importance(view.study, view.definition)
    if not result.phases:
        raise NothingToPlotError(
            f"{view.name} does not tell which parameters matter: {' '.join(result.notes).rstrip('.')}",
            "run more of its trials first",
        )
    subplots = [_subplot(phase, found) for phase, found in result.phases.items()]
    bars = max(len(subplot.y.names) * max(1.0, len(subplot.marks) * 0.75) for subplot in subplots)
    facts = [_facts(importance) for found in result.phases.values() for importance in found]
    has_intervals = any(bar["first"] is not None for fact in facts for bar in fact["bars"])
    return Chart(
        f"Which parameters matter for {view.metric}{_order(result)}",
        subplots,
        notes=[*([INTERVALS] if has_intervals else []), *result.notes],
        row_height=TEXT_HEIGHT + round(BAR_HEIGHT * max(bars, MIN_BARS)),
        facts={"trials": len(trials), "phases": facts},
    )


def _order(result: StudyImportance) -> str:
    """Return the end of the title: in which phases the order is not settled."""
    if not result.unsettled:
        return ""
    if len(result.phases) > 3:
        return f": the order is not settled in {len(result.unsettled)} of {len(result.phases)} panels"
    return f": the order is not settled in {', '.join(result.unsettled)}"


def _subplot(phase: str, found: Sequence[Importance]) -> Subplot:
    parameters, others = _upward(found)
    ranked = parameters if len(parameters) > 1 else []  # one parameter has no rank
    first = {name: [share for one in found if (share := _bars(one)[name]["first"]) is not None] for name in ranked}
    labels = {name: _label(name, first.get(name, [])) for name in [*others, *parameters]}
    marks = [
        Bars(
            [labels[bar.name] for bar in one.bars],
            [bar.value for bar in one.bars],
            one.method,
            colours.IMPORTANCE[one.method],
            [bar.low for bar in one.bars] if one.bars[0].low is not None else (),
            [bar.high for bar in one.bars] if one.bars[0].high is not None else (),
        )
        for one in reversed(found)  # painters draw a group of bars upward
    ]
    share = "share of the variance" if others else "share of the sum over parameters"
    x = Axis(share, range=(0.0, 1.02))
    return Subplot(x, Axis("", "category", names=list(labels.values())), marks, _title(phase, found))


def _upward(found: Sequence[Importance]) -> tuple[list[str], list[str]]:
    """Return the names of parameters, and of seeds and interactions, each from the smallest to the largest bar."""
    count = found[0].parameters
    mean = {bar.name: fmean(_bars(one)[bar.name]["value"] for one in found) for bar in found[0].bars}
    names = list(mean)
    return sorted(names[:count], key=mean.__getitem__), sorted(names[count:], key=mean.__getitem__)


def _bars(importance: Importance) -> dict[str, dict[str, Any]]:
    return {bar.name: bar._asdict() for bar in importance.bars}


def _label(name: str, first: Sequence[float]) -> str:
    return f"{name}, first {' | '.join(f'{share:.0%}' for share in first)}" if first else name


def _title(phase: str, found: Sequence[Importance]) -> str:
    size = f"{phase}, {found[0].trials} {'points' if found[0].unit == 'seeds' else 'trials'}"
    if not found[0].bars[0].first is not None:
        return f"{size}: one seed, no intervals"
    if found[0].parameters == 1:
        return size
    unsettled = [one for one in found if not one.settled]
    if not unsettled:
        return f"{size}: the order is settled"
    if len(found) == 1:
        return f"{size}: not settled, {_more(unsettled[0])}"
    return f"{size}: not settled by {', by '.join(f'{one.method} ({_more(one)})' for one in unsettled)}"


def _more(importance: Importance) -> str:
    unit = importance.unit
    return f"about {importance.more} more {unit}" if importance.more else f"and more {unit} may not settle it"


def _facts(importance: Importance) -> dict[str, Any]:
    facts = importance._asdict() | {"bars": [bar._asdict() for bar in importance.bars]}
    del facts["parameters"]
    return facts
