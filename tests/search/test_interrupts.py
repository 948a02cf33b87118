"""Ctrl-C and a polite kill: when they are raised, when they are remembered, and when a run ends at once."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from volopt.search.interrupts import Interrupts

BOTH = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("sent", BOTH)
def test_a_signal_is_raised_where_it_may_be_and_the_handlers_come_back(sent: signal.Signals) -> None:
    before = signal.getsignal(sent)
    interrupts = Interrupts()
    interrupts.check()
    with pytest.raises(KeyboardInterrupt), interrupts, interrupts.possible():
        signal.raise_signal(sent)
    assert signal.getsignal(sent) is before
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()


@pytest.mark.parametrize("sent", BOTH)
def test_elsewhere_a_signal_is_remembered_until_it_may_be_raised(sent: signal.Signals) -> None:
    interrupts = Interrupts()
    with interrupts:
        signal.raise_signal(sent)  # as in the middle of a write
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt), interrupts.possible():
            pytest.fail("nothing may begin that would only be interrupted")


def test_an_exception_lost_in_a_finalizer_is_raised_by_the_next_check() -> None:
    class Finalized:
        def __del__(self) -> None:
            with contextlib.suppress(KeyboardInterrupt):  # as the interpreter does for a finalizer
                signal.raise_signal(signal.SIGINT)

    interrupts = Interrupts()
    with interrupts:
        with interrupts.possible():
            thing = Finalized()
            del thing
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()


@pytest.mark.parametrize("sent", BOTH)
def test_a_second_signal_is_raised_at_once_in_a_process_that_is_not_ours(sent: signal.Signals) -> None:
    interrupts = Interrupts(owns_process=False)
    with interrupts:
        signal.raise_signal(sent)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(sent)
    assert interrupts.requested


STUCK = """
import sqlite3, sys
from volopt.search import interrupts
interrupts.GRACE_SECONDS = float(sys.argv[1])
holder = sqlite3.connect("locked.db", isolation_level=None)
holder.execute("BEGIN IMMEDIATE")
with interrupts.Interrupts():
    print("waiting", flush=True)
    sqlite3.connect("locked.db", timeout=60, isolation_level=None).execute("BEGIN IMMEDIATE")  # in C, deaf to signals
"""


@pytest.mark.parametrize(("grace", "signals"), [(60.0, 2), (0.2, 1)])
def test_a_second_signal_or_the_end_of_grace_ends_a_process_that_hears_nothing(
    tmp_path: os.PathLike[str], grace: float, signals: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(grace)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    for sent in BOTH[:signals]:
        process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted at once" in err
    assert "Traceback" not in err
