"""Simulate studies with known importances, and count how often the 95 % intervals hold them.

The noise is that of real grids: how the seeds scatter at each of their points.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from findings import volopt

from volopt.definition import load
from volopt.definition.schema import Definition
from volopt.definition.space import WHOLE_KEYS
from volopt.importance import anova, evaluators
from volopt.importance.bars import Bar, shares
from volopt.importance.forest import fanova
from volopt.importance.panels import PhaseTrials, SeededTrial, grid_table, phase_panel, seeded_trials
from volopt.storage.database.connect import connect
from volopt.studies.space import distributions
from volopt.studies.study import find

GRIDS = ("width", "depth")
NAMES = ("cell", "size")
SCALES = (1.0, 0.5, 0.0)  # of the measured effects: as they are, halved, none
SEEDS = (3, 5, 10)
DESIGNS = ((14, 5), (30, 3), (60, 3))  # trials and seeds of the random phases
VARIED = ("cell", "hidden_size", "dropout", "window", "learning_rate")
MANY = 3_000  # noise-free trials of the same design: their importances are the truth
ROUNDING = 0.005  # of a share: a bar of 0.3 % is not distinguishable from 0

Hits = dict[tuple[str, str], list[bool]]


def tables(data: str, storage: str, *options: str) -> dict[str, np.ndarray]:
    """Run or resume the grids, and return log valid_mse; shape of each: (cells, sizes, seeds)."""
    phases = [word for grid in GRIDS for word in ("--phase", grid)]
    volopt("run", "grid", *phases, *options, "--data", data, "--storage", storage, "--pictures", "none")
    study, definition = find(connect(storage, write=False), "grid")
    trials, _ = seeded_trials(study, definition)
    grids = [phase for phase in definition.phases if phase.name in GRIDS]
    found = {phase.name: grid_table(phase, definition, phase_panel(phase, trials)) for phase in grids}
    return {name: table for name, table in found.items() if table is not None}


def check(hits: Hits, case: str, bars: Sequence[Bar], truth: np.ndarray, kinds: Sequence[str]) -> None:
    """Count which bars hold the truth; bars have the order of the truth."""
    for bar, true, kind in zip(bars, truth, kinds, strict=True):
        hits[case, kind].append(bar.low - ROUNDING <= true <= bar.high + ROUNDING)


def grid_studies(measured: dict[str, np.ndarray], studies: int, random: np.random.Generator) -> Hits:
    """Simulate grids; the truth is their analysis of variance with infinitely many seeds."""
    hits: Hits = defaultdict(list)
    residuals = np.concatenate([_standardized(table) for table in measured.values()])
    kinds = ["parameter", "parameter", "interaction", "seeds"]
    for name, table in measured.items():
        for scale in SCALES:
            means, spread = scale * table.mean(axis=-1), table.std(axis=-1, ddof=1)
            effects = anova.effects(means[None], NAMES).mean_squares()[0]
            truth = shares(np.append(effects, np.square(spread).mean()))
            for noise in ("normal", "resampled"):
                for seeds in SEEDS:
                    for _ in range(studies):
                        shape = (*means.shape, seeds)
                        drawn = random.standard_normal(shape) if noise == "normal" else random.choice(residuals, shape)
                        simulated = means[..., None] + spread[..., None] * drawn
                        bars = anova.importance(name, simulated, NAMES).bars
                        check(hits, f"grid, {seeds} seeds, {noise} noise", bars, truth, kinds)
    return hits


def _standardized(table: np.ndarray) -> np.ndarray:
    """Return residuals of all points on one scale, with mean 0 and variance 1."""
    residuals = ((table - table.mean(axis=-1, keepdims=True)) / table.std(axis=-1, ddof=1, keepdims=True)).ravel()
    return (residuals - residuals.mean()) / residuals.std()


def random_studies(
    measured: dict[str, np.ndarray], trials: int, seeds: int, studies: int, random: np.random.Generator
) -> Hits:
    """Simulate random searches; the truth is what the same evaluator gives to many trials without noise."""
    hits: Hits = defaultdict(list)
    definition = load.read(load.read_text(load.find("search")), "search")
    spreads = np.concatenate([table.std(axis=-1, ddof=1).ravel() for table in measured.values()])
    signal = float(np.concatenate([table.mean(axis=-1).ravel() for table in measured.values()]).std())
    for _ in range(studies):
        world = World(definition, signal, random)
        panel = world.panel(trials, seeds, spreads)
        for found in evaluators.importances(panel, definition.space, distributions(definition), maximizes=False):
            truth = world.truth(found.method, evaluators.quantile(trials))
            kinds = ["above 0.3" if share > 0.3 else "below 0.05" if share < 0.05 else "between" for share in truth]
            check(hits, f"{found.method}, {trials} trials, {seeds} seeds", found.bars, truth, kinds)
    return hits


class World:
    """Hold a random truth: smooth effects of some parameters, and an interaction."""

    def __init__(self, definition: Definition, signal: float, random: np.random.Generator) -> None:
        self.definition, self.random = definition, random
        self.weights = random.choice([1.0, 0.5, 0.25, 0.0], len(VARIED)) + 0.01
        self.centres, self.levels = random.uniform(0.2, 0.8, len(VARIED)), random.standard_normal(3)
        self.interaction = random.choice([0.0, 0.5])
        self.trials = [self._params() for _ in range(MANY)]
        values = self._raw(self.trials)
        self.mean, self.scale = values.mean(), signal / values.std()
        self.many = PhaseTrials(
            "many", VARIED, [self._trial(*pair) for pair in zip(self.trials, self.values(self.trials), strict=True)]
        )

    def values(self, trials: Sequence[dict[str, Any]]) -> np.ndarray:
        """Return the values without noise."""
        return (self._raw(trials) - self.mean) * self.scale

    def panel(self, trials: int, seeds: int, spreads: np.ndarray) -> PhaseTrials:
        """Return a study of this world with the noise of seeds."""
        params = [self._params() for _ in range(trials)]
        noise = self.random.choice(spreads, (trials, 1)) * self.random.standard_normal((trials, seeds))
        values = self.values(params)[:, None] + noise
        return PhaseTrials("random", VARIED, [self._trial(*pair) for pair in zip(params, values, strict=True)])

    def truth(self, method: str, top: float) -> np.ndarray:
        """Return the shares of many trials without noise, by PED-ANOVA with the quantile of the study, or fANOVA."""
        values = np.array([trial.value for trial in self.many.trials])
        if method == evaluators.FANOVA:
            return shares(fanova(evaluators.encode(self.many, self.definition.space), values, 4, 0))
        rate = evaluators.divergences(self.many, distributions(self.definition), top)
        return shares(rate(np.arange(MANY), values))

    def _params(self) -> dict[str, Any]:
        params = {}
        for key in VARIED:
            entry = self.definition.space[key]
            if isinstance(entry, tuple):
                params[key] = entry[int(self.random.integers(len(entry)))]
            else:
                ends = np.log([entry.low, entry.high]) if entry.log else np.array([entry.low, entry.high])
                value = float(self.random.uniform(*ends))
                value = float(np.clip(np.exp(value), entry.low, entry.high)) if entry.log else value
                params[key] = round(value) if key in WHOLE_KEYS else value
        return params

    def _trial(self, params: dict[str, Any], values: Any) -> SeededTrial:
        return SeededTrial(["random"], "random", params, np.atleast_1d(values))

    def _raw(self, trials: Sequence[dict[str, Any]]) -> np.ndarray:
        panel = PhaseTrials("", VARIED, [self._trial(params, 0.0) for params in trials])
        encoded = evaluators.encode(panel, self.definition.space)
        effects = []
        for group, centre in zip(encoded.groups, self.centres, strict=True):
            columns = encoded.columns[:, group]
            effect = columns @ self.levels if len(group) > 1 else (columns[:, 0] - centre) ** 2
            effects.append((effect - effect.mean()) / effect.std())
        return (
            sum(w * e for w, e in zip(self.weights, effects, strict=True)) + self.interaction * effects[0] * effects[-1]
        )


def print_hits(hits: Hits) -> None:
    """Print how often the intervals hold the truth, by case and kind of bar."""
    for (case, kind), found in sorted(hits.items()):
        print(f"| {case} | {kind} | {np.mean(found):.3f} | {len(found)} |", flush=True)


def importance(options: argparse.Namespace, storage: str) -> None:
    """Simulate studies with the noise of real grids, and count how often intervals hold the true importances."""
    measured = tables(options.data, storage, "--epochs", str(options.epochs), "--seeds", str(options.seeds))
    for name, table in measured.items():
        spread = table.std(axis=-1, ddof=1)
        print(f"{name}: deviation of log valid_mse between seeds {spread.min():.2f} to {spread.max():.2f}")
    random = np.random.default_rng(options.random)
    print("| case | bars | truth in the 95 % interval | intervals |\n|---|---|---|---|", flush=True)
    print_hits(grid_studies(measured, options.studies, random))
    for trials, seeds in DESIGNS:
        print_hits(random_studies(measured, trials, seeds, options.searches, random))


def halves(options: argparse.Namespace, storage: str) -> None:
    """Print the importances of two halves of the seeds side by side."""
    print("| phase | bar | seeds 0 to 4 | seeds 5 to 9 | intervals overlap |\n|---|---|---|---|---|")
    for name, table in tables(options.data, storage, "--seeds", str(options.seeds), *options.more).items():
        half = table.shape[-1] // 2
        parts = [anova.importance(name, part, NAMES).bars for part in (table[..., :half], table[..., half:])]
        for one, other in zip(*parts, strict=True):
            overlap = "yes" if one.low <= other.high and other.low <= one.high else "no"
            print(f"| {name} | {one.name} | {_text(one)} | {_text(other)} | {overlap} |")


def _text(bar: Bar) -> str:
    return f"{bar.value:.2f} [{bar.low:.2f}, {bar.high:.2f}]"
