"""The memory of a worker process that trains the paper's largest network."""

from contextlib import closing

from volopt.bench.process import peak_memory
from volopt.bench.study import task
from volopt.executors.processes import ProcessTrainer
from volopt.search.job import Job
from volopt.studies.space import Params
from volopt.training.fit import advance
from volopt.training.task import Task
from volopt.windows.dataset import Dataset

LARGEST: Params = {"cell": "LSTM", "hidden_size": 250}


def memory(job: Job) -> float:
    """Return the MB in which a worker resided at most while it trained one epoch of it."""
    with closing(ProcessTrainer(job.dataset, 1, peak)) as trainer:
        return float(trainer.submit(task(job, LARGEST)).result())


def peak(dataset: Dataset, fit: Task) -> float:
    """Train one epoch, and return what the process has taken."""
    advance(fit, dataset, None, 1)
    return peak_memory()
