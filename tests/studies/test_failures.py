"""The reasons of failed trials, counted."""

from collections.abc import Sequence

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from volopt.studies.attributes import ORPHAN, REASON
from volopt.studies.failures import MAX_REASONS, Failures, failures


def found(reasons: Sequence[str | None]) -> Failures:
    """The failures of a study with a FAILed trial for each reason, and trials of other states."""
    study = optuna.create_study()
    study.add_trial(create_trial(state=TrialState.COMPLETE, value=1.0))
    study.add_trial(create_trial(state=TrialState.PRUNED, user_attrs={REASON: "no reason to be counted"}))
    for reason in reasons:
        study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={} if reason is None else {REASON: reason}))
    return failures(study)


def test_equal_reasons_are_counted_and_the_most_frequent_stands_first() -> None:
    assert found(["memory ran out", "the loss is nan", "the loss is nan"]).training == [
        ("the loss is nan", 2),
        ("memory ran out", 1),
    ]


def test_the_epoch_is_no_part_of_a_reason() -> None:
    assert found([f"the training loss is nan in epoch {n}" for n in (3, 17)]).training == [
        ("the training loss is nan", 2)
    ]


def test_reasons_that_differ_in_numbers_alone_are_one_and_others_are_not() -> None:
    told = found(["lost 12 of 1.5e+10", "lost 7 of 3", "lost 7 of it"]).training
    assert told == [("lost … of …", 2), ("lost 7 of it", 1)]
    assert found(["lost 7 of 3", "lost 7 of 3"]).training == [("lost 7 of 3", 2)]


def test_nan_and_infinity_are_two_reasons() -> None:
    assert len(found(["the training loss is nan in epoch 1", "the training loss is inf in epoch 1"]).training) == 2


def test_a_reason_of_many_lines_is_told_by_its_first() -> None:
    assert found(["RuntimeError: CUDA error\nCompile with X"]).training == [("RuntimeError: CUDA error", 1)]


def test_a_reason_does_not_steer_the_terminal() -> None:
    ((reason, _),) = found(["\x1b[31mred"]).training
    assert "\x1b" not in reason
    assert "red" in reason


@pytest.mark.parametrize("reason", ["interrupted", None])
def test_a_trial_that_was_interrupted_did_not_fail_by_itself(reason: str | None) -> None:
    assert found([reason, ORPHAN, "the loss is nan"]) == Failures(
        training=[("the loss is nan", 1)],
        interrupted=[("the process that ran it is gone", 1), ("the run was ended", 1)],
    )


def test_the_sentences_tell_both_kinds_apart_and_sum_up_what_is_rare() -> None:
    letters = "abcdefgh"
    assert found(["the loss is nan", ORPHAN, ORPHAN, *letters]).sentences() == [
        f"9 trials failed: {', '.join(f'{letter} (1)' for letter in letters[:MAX_REASONS])}, other reasons (4).",
        "2 trials were interrupted: the process that ran it is gone (2).",
    ]
    assert found(["the loss is nan", ORPHAN]).sentences() == [
        "1 trial failed: the loss is nan (1).",
        "1 trial was interrupted: the process that ran it is gone (1).",
    ]
    assert found([]).sentences() == []
