"""What is remembered of Ctrl-C and of a polite kill."""

import contextlib
import signal

import pytest

from volopt.search.interrupts import Interrupts


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_raises_at_once_and_is_remembered_and_the_handlers_come_back(sent: signal.Signals) -> None:
    before = signal.getsignal(sent)
    interrupts = Interrupts()
    interrupts.check()
    with pytest.raises(KeyboardInterrupt), interrupts:
        signal.raise_signal(sent)
    assert signal.getsignal(sent) is before
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()


def test_an_exception_lost_in_a_finalizer_is_raised_by_the_next_check() -> None:
    class Finalized:
        def __del__(self) -> None:
            with contextlib.suppress(KeyboardInterrupt):  # as the interpreter does for a finalizer
                signal.raise_signal(signal.SIGINT)

    interrupts = Interrupts()
    with interrupts:
        thing = Finalized()
        del thing
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
