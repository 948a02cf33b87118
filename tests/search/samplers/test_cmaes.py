"""The state of the CMA-ES sampler in a database: it goes on as Optuna's own does, and nothing in it is called."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from cmaes import CMA
from optuna.distributions import FloatDistribution
from optuna.samplers import CmaEsSampler

from volopt.errors import StorageError
from volopt.search.samplers.cmaes import GuardedCmaEsSampler, restore
from volopt.search.samplers.samplers import sampler
from volopt.storage.database.connect import connect

SPACE = {"learning_rate": FloatDistribution(1e-4, 1e-1, log=True), "dropout": FloatDistribution(0, 0.9)}


class Calls:
    """An object whose pickle calls a function."""

    def __init__(self, function: Callable[..., Any], *given: Any) -> None:
        self.function, self.given = function, given

    def __reduce__(self) -> Any:
        return self.function, self.given


def advance(study: optuna.Study, make: Callable[[int], optuna.samplers.BaseSampler], count: int) -> None:
    """Run trials, each with a sampler of its own, as a study that is resumed before each."""
    for _ in range(count):
        study.sampler = make(len(study.trials))
        trial = study.ask(SPACE)
        study.tell(trial, (np.log10(trial.params["learning_rate"]) + 2) ** 2 + trial.params["dropout"])


def optimizer(**said: Any) -> CMA:
    """Return an optimizer after some generations, with attributes set to other values."""
    found = CMA(np.zeros(2), 0.2, bounds=np.array([[0.0, 1.0]] * 2), n_max_resampling=20, seed=1)
    for _ in range(3):
        found.tell([(found.ask(), float(number)) for number in range(found.population_size)])
    vars(found).update(said)
    return found


def parts(stored: object) -> list[str]:
    text = pickle.dumps(stored).hex()
    return [text[start : start + 2045] for start in range(0, len(text), 2045)]


def test_a_resumed_phase_proposes_what_optunas_own_sampler_proposes() -> None:
    ours, theirs = optuna.create_study(), optuna.create_study()
    advance(ours, lambda seed: GuardedCmaEsSampler(seed=seed, warn_independent_sampling=False), 30)
    advance(theirs, lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False), 30)
    assert any(key.startswith("cma:optimizer") for trial in ours.trials for key in trial.system_attrs)
    assert [trial.params for trial in ours.trials] == [trial.params for trial in theirs.trials]


def test_an_optimizer_comes_back_as_it_was() -> None:
    before, after = optimizer(), restore(parts(optimizer()), 0)
    assert after.generation == 3
    for name in ("_mean", "_C", "_sigma", "_pc", "_p_sigma"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-14)


@pytest.mark.parametrize(
    "calls",
    [
        lambda mark: Calls(os.system, f"touch {mark}"),
        lambda mark: Calls(eval, f"open({str(mark)!r}, 'w')"),
        lambda mark: Calls(exec, f"open({str(mark)!r}, 'w')"),
        lambda mark: Calls(getattr, CMA, "ask"),
        lambda mark: Calls(np.save, str(mark), [1]),
        lambda mark: [optimizer(), Calls(os.mkdir, str(mark))],
        lambda mark: optimizer(_mean=Calls(os.mkdir, str(mark))),
    ],
)
def test_nothing_that_a_strangers_database_names_is_called(tmp_path: Path, calls: Callable[[Path], object]) -> None:
    study = optuna.create_study(storage=connect(f"sqlite:///{tmp_path}/volopt.db", write=True, create=True))
    advance(study, lambda seed: sampler("cmaes", seed, {}), 12)
    mark, hostile = tmp_path / "called.npy", study.ask(SPACE)
    for number, part in enumerate(parts(calls(mark))):
        study._storage.set_trial_system_attr(hostile._trial_id, f"cma:optimizer:{number}", part)
    study.tell(hostile, 0.5)
    study.sampler = sampler("cmaes", 1, {})
    with pytest.raises(StorageError, match=f"trial {hostile.number} keeps of the sampler cmaes is damaged or hostile"):
        study.ask(SPACE)
    assert not mark.exists()


@pytest.mark.parametrize(
    "code",
    [
        b"cnumpy\nndarray.tofile\n.",  # a name with a point
        b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
        b"cbuiltins\ngetattr\n.",
        b"cnumpy\nload\n.",
        b"cos\nsystem\n(S'true'\ntR.",
        b"I7\n.",
        b"",
        b"(" * 100_000 + b".",
    ],
)
def test_a_pickle_that_is_no_optimizer_is_told_in_a_sentence(code: bytes) -> None:
    with pytest.raises(StorageError, match="what trial 4 keeps of the sampler cmaes is damaged or hostile"):
        restore([code.hex()], 4)


@pytest.mark.parametrize("stored", [[None], [7], ["zz"], ["0"], [[]], [{}]])
def test_attributes_that_hold_no_digits_are_told_in_a_sentence(stored: list[Any]) -> None:
    with pytest.raises(StorageError, match="damaged or hostile"):
        restore(stored, 4)


@pytest.mark.parametrize(
    "said",
    [
        {"_n_dim": 10**9},
        {"_n_dim": True},
        {"_n_dim": 3},
        {"_popsize": 10**9},
        {"_n_max_resampling": 10**12},
        {"_mean": np.zeros((2, 2))},
        {"_mean": np.array([np.nan, 0.0])},
        {"_mean": "ab"},
        {"_mean": [0.0, 0.0]},
        {"_C": np.array([[None] * 2] * 2)},
        {"_sigma": None},
        {"_sigma": "1"},
        {"_B": "abc"},
        {"_g": 1.5},
        {"ask": np.ndarray},
    ],
)
def test_an_optimizer_whose_state_cannot_be_is_told_in_a_sentence(said: dict[str, Any]) -> None:
    with pytest.raises(StorageError, match="damaged or hostile"):
        restore(parts(optimizer(**said)), 4)
