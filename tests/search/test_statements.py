"""What a trial costs the database: a count that neither creeps up nor grows with the study."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.trial import FrozenTrial

from many_trials import TINY
from volopt.definition.schema import Phase
from volopt.search import run as runs
from volopt.search.callbacks import Callback
from volopt.search.job import RunOptions, prepare_job

MOST = 45  # statements a trial of one report, three parameters and one seed; Optuna's own calls make 130


class Counts(Callback):
    """Statements and transactions at the end of each trial."""

    def __init__(self) -> None:
        self.statements = self.commits = 0
        self.ends: list[tuple[int, int]] = []

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        """Note what there was so far."""
        self.ends.append((self.statements, self.commits))

    def statement(self, *_: Any) -> None:
        self.statements += 1

    def commit(self, _: Any) -> None:
        self.commits += 1


@contextmanager
def counting() -> Iterator[Counts]:
    counts = Counts()
    events = (("before_cursor_execute", counts.statement), ("commit", counts.commit))
    for name, note in events:
        sqlalchemy.event.listen(sqlalchemy.Engine, name, note)
    try:
        yield counts
    finally:
        for name, note in events:
            sqlalchemy.event.remove(sqlalchemy.Engine, name, note)


def test_a_trial_is_three_transactions_and_a_fixed_number_of_statements(tmp_path: Path, sample: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    said = RunOptions(f"sqlite:///{tmp_path}/volopt.db", data=sample, trials=8, workers=1, device="cpu")
    job = prepare_job(str(tmp_path / "tiny.toml"), said)
    with counting() as counts:
        runs.run(job, [counts])
    each = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(counts.ends[1:], counts.ends[2:], strict=False)]
    assert len(counts.ends) == 8
    assert len(set(each)) == 1
    statements, commits = each[0]
    assert commits == 3  # asked, reported, told
    assert statements <= MOST
