"""Training in this process."""

import pytest

from builders import dataset, definition
from volopt.errors import TrainingError
from volopt.executors.trainer import SerialTrainer
from volopt.training.fit import advance
from volopt.training.task import tasks

DATA = dataset()
TASK = tasks(definition(), {}, "cpu", "highest")[0]


def test_a_task_is_trained_as_it_is_submitted() -> None:
    future = SerialTrainer(DATA).submit(TASK, None, 2)
    assert future.done()
    assert future.result().curves == advance(DATA, TASK, None, 2).curves


def test_an_error_is_kept_in_the_future() -> None:
    trainer = SerialTrainer(DATA)
    doomed = tasks(definition(), {"learning_rate": 1e30}, "cpu", "highest")[0]
    future = trainer.submit(doomed, None, 4)
    with pytest.raises(TrainingError, match="loss is"):
        future.result()
    trainer.close()


def test_an_interrupt_ends_the_caller() -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SerialTrainer(DATA, interrupted).submit(TASK, None, 2)
