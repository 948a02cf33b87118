"""The ledger against a recount, by definition, from a list of trials."""

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from volopt.studies.attributes import INTERRUPTED
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params, point

PHASES = ("width", "extend")
POINTS: tuple[Params, ...] = ({"h": 5, "w": 4}, {"h": 25, "w": 4}, {"h": 5, "w": 9})
OWN = "the training loss is nan"
GONE = f"{INTERRUPTED}: the process that ran it is gone"


@dataclass
class Trial:
    phase: str
    params: Params
    is_retry: bool
    state: str = "RUNNING"
    reason: str = ""


class Recount(RuleBasedStateMachine):
    """Any trials in any order; what the ledger says is counted again from the trials themselves."""

    @initialize(retries=st.integers(0, 2))
    def begin(self, retries: int) -> None:
        self.retries, self.ledger, self.trials = retries, Ledger(retries), list[Trial]()

    @rule(phase=st.sampled_from(PHASES), params=st.sampled_from(POINTS))
    def start(self, phase: str, params: Params) -> None:
        self.trials.append(Trial(phase, params, is_retry=params in self.retryable(phase)))
        self.ledger.start(phase, dict(reversed(params.items())))

    @precondition(lambda self: self.running())
    @rule(data=st.data(), complete=st.booleans())
    def finish(self, data: Any, complete: bool) -> None:
        trial = data.draw(st.sampled_from(self.running()))
        trial.state = "COMPLETE" if complete else "PRUNED"
        self.ledger.finish(trial.phase, trial.params, complete=complete)

    @precondition(lambda self: self.running())
    @rule(data=st.data(), reason=st.sampled_from([OWN, GONE]))
    def fail(self, data: Any, reason: str) -> None:
        trial = data.draw(st.sampled_from(self.running()))
        trial.state, trial.reason = "FAIL", reason
        self.ledger.fail(trial.phase, trial.params, reason)

    def running(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.state == "RUNNING"]

    def given_up(self, params: Params) -> bool:
        return sum(trial.params == params and trial.reason == OWN for trial in self.trials) > self.retries

    def retryable(self, phase: str) -> list[Params]:
        """The points of a phase with more failures than retries begun, and not given up."""
        mine = [trial for trial in self.trials if trial.phase == phase]
        failed, retried = ([t.params for t in mine if t.state == "FAIL"], [t.params for t in mine if t.is_retry])
        return [p for p in POINTS if failed.count(p) > retried.count(p) and not self.given_up(p)]

    @invariant()
    def the_ledger_says_what_the_trials_say(self) -> None:
        for params in POINTS:
            taken = any(t.params == params and t.state in ("RUNNING", "COMPLETE") for t in self.trials)
            assert self.ledger.is_open(params) == (not taken and not self.given_up(params))
            complete = any(t.params == params and t.state == "COMPLETE" for t in self.trials)
            assert (point(params) in self.ledger.complete) == complete
        for phase in PHASES:
            mine = [trial for trial in self.trials if trial.phase == phase]
            assert self.ledger.finished[phase] == sum(t.state in ("COMPLETE", "PRUNED") for t in mine)
            assert self.ledger.proposed(phase) == sum(not t.is_retry for t in mine)
            lost, retryable = self.ledger.to_retry(phase), self.retryable(phase)
            assert bool(lost) == bool(retryable)
            assert all(params in retryable for params in lost)


Recount.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestRecount = Recount.TestCase


def failed(retries: int, *reasons: str) -> Ledger:
    """Return a ledger after one point failed for each of the reasons, one retry after another."""
    ledger = Ledger(retries)
    for reason in reasons:
        ledger.start("extend", POINTS[0])
        ledger.fail("extend", POINTS[0], reason)
    return ledger


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_point_is_tried_once_and_retried_as_often_as_said(retries: int) -> None:
    assert failed(retries, *[OWN] * retries, GONE).to_retry("extend") == [POINTS[0]]
    ledger = failed(retries, *[OWN] * (retries + 1))
    assert ledger.to_retry("extend") == []
    assert not ledger.is_open(POINTS[0])


def test_an_interruption_is_no_failure() -> None:
    ledger = failed(0, *[GONE] * 9)
    assert ledger.to_retry("extend") == [POINTS[0]]
    assert ledger.is_open(POINTS[0])


def test_a_point_failed_in_one_phase_is_given_up_in_all_and_retried_in_its_own() -> None:
    ledger = failed(1, OWN)
    assert ledger.to_retry("width") == []
    ledger.start("width", POINTS[0])
    ledger.fail("width", POINTS[0], OWN)
    assert ledger.to_retry("extend") == []
    assert not ledger.is_open(POINTS[0])


def test_a_retry_is_not_another_proposal() -> None:
    ledger = failed(2, OWN)
    assert ledger.proposed("extend") == 1
    ledger.start("extend", POINTS[0])
    assert ledger.proposed("extend") == 1
    ledger.finish("extend", POINTS[0], complete=True)
    assert ledger.proposed("extend") == 1


@given(proposals=st.lists(st.sampled_from(POINTS), min_size=6, max_size=6), doomed=st.sets(st.integers(0, 2)))
def test_a_phase_ends_even_if_a_hopeless_point_is_proposed_again_and_again(
    proposals: list[Params], doomed: set[int]
) -> None:
    ledger = Ledger(1)
    for trials in itertools.count():
        params = next(iter(ledger.to_retry("extend")), None)
        if params is None:
            if ledger.proposed("extend") == len(proposals):
                break
            params = proposals[ledger.proposed("extend")]  # as a sampler seeded by that number would
        assert trials < 2 * len(proposals)
        ledger.start("extend", params)
        if POINTS.index(params) in doomed:
            ledger.fail("extend", params, OWN)
        else:
            ledger.finish("extend", params, complete=True)
    assert ledger.finished["extend"] == sum(POINTS.index(params) not in doomed for params in proposals)
