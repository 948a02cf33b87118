"""Say in plain words how sure a choice is."""

from volopt.selection.confidence_set import CONFIDENCE
from volopt.selection.evaluation import EvaluatedTrial, Evaluation

MAX_NAMED = 10  # trials of the set that a sentence names


def summary(evaluation: Evaluation) -> list[str]:
    """Return which trials may be the best, which one likely is, what to expect of it, and what is not known."""
    return [about_set(evaluation), about_likely(evaluation), about_expected(evaluation), *notes(evaluation)]


def about_set(evaluation: Evaluation) -> str:
    """Return which trials cannot be told from the best."""
    count, members = len(evaluation.trials), evaluation.members
    if count == 1:
        return f"Trial {members[0].number} is the only COMPLETE trial: there is nothing to choose."
    if len(members) == 1:
        return f"Trial {members[0].number} is better than the other {count - 1}, with {CONFIDENCE:.0%} confidence."
    named = ", ".join(str(member.number) for member in members[:MAX_NAMED])
    more = f" and {len(members) - MAX_NAMED} more" if len(members) > MAX_NAMED else ""
    return (
        f"{len(members)} of {count} trials cannot be told from the best ({CONFIDENCE:.0%} confidence): {named}{more}."
    )


def about_likely(evaluation: Evaluation) -> str:
    """Return which trial is the likely best."""
    likely = evaluation.likely
    return (
        f"Likely best: trial {likely.number}. It is the best in {likely.p_best:.0%} of draws, and its expected regret "
        f"is {likely.regret:.2g} {evaluation.metric}."
    )


def about_simplest(evaluation: Evaluation) -> str:
    """Return which trial of the set has the smallest network."""
    simplest, likely = evaluation.simplest, evaluation.likely
    if simplest.number == likely.number:
        return f"Simplest of the set: trial {simplest.number} too, with {_weights(simplest)}."
    return (
        f"Simplest of the set: trial {simplest.number} with {_weights(simplest)}; trial {likely.number} has "
        f"{likely.weights:,}."
    )


def about_expected(evaluation: Evaluation) -> str:
    """Return what the best value is expected to be on fresh seeds and days."""
    winner, count = evaluation.trials[0].number, len(evaluation.trials)
    values = f"Trial {winner} has the best {evaluation.metric}, {evaluation.observed:.4g}"
    if count == 1:
        return f"{values}."
    return f"{values}. It was chosen for it among {count}: on fresh seeds and days expect {evaluation.expected:.4g}."


def notes(evaluation: Evaluation) -> list[str]:
    """Return what the evaluation could not use, a sentence each."""
    sentences = []
    if len(evaluation.trials) > evaluation.drawn:
        sentences.append(f"Only the best {evaluation.drawn} of {len(evaluation.trials)} trials are drawn.")
    if all(trial.seeds == 1 for trial in evaluation.trials):
        sentences.append("Each trial has one seed, so it is not known how much seeds differ: all of this is too sure.")
    if not evaluation.days:
        sentences.append("No daily losses can be read, so only the seeds are drawn.")
    elif evaluation.without_days:
        named = ", ".join(map(str, evaluation.without_days))
        sentences.append(
            f"Only the seeds are drawn of the trials {named}: their files are missing, damaged or of an older volopt."
        )
    return sentences


def _weights(trial: EvaluatedTrial) -> str:
    return f"{trial.weights:,} weights"
