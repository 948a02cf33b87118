"""Kills at random moments, spread over one study after another."""

import random
from collections import Counter
from dataclasses import dataclass, field

from kills.evidence import Evidence
from kills.run import PATIENCE, Pace, Run
from kills.study import Place
from processes import kill, until

KINDS = ("driver", "worker", "both")
MOMENTS = {"start-up": 0.2, "training": 0.35, "telling": 0.25, "kept": 0.2}  # and how often each is chosen
TRAINING, KEEPING = 1.3, 2.5  # longest times until a kill while training, and for a state to be kept, in start-ups
IDLE_STUDIES = 5  # that may end before a kill could hit them


@dataclass
class Tally:
    """What happened."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)  # by kind and moment
    orphans: int = 0
    longest_end: float = 0.0
    gave_up: list[str] = field(default_factory=list)  # what drivers said that ended by themselves, though not done
    said: list[str] = field(default_factory=list)  # the log of each run
    names: list[str] = field(default_factory=list)  # of the studies


class Campaign:
    """Kills, spread over one study after another until they are spent; the last one is run to its end."""

    def __init__(self, place: Place, evidence: Evidence, kills: int, seed: int, pace: Pace) -> None:
        self._place, self._evidence, self._pace = place, evidence, pace
        self._chance = random.Random(seed)
        self._left = [KINDS[number % len(KINDS)] for number in range(kills)]
        self._chance.shuffle(self._left)
        self._runs = 0
        self.tally = Tally()

    def run(self) -> Tally:
        """Run studies until the kills are spent and the last study is done."""
        for _ in range(len(self._left) + IDLE_STUDIES):
            if not self._left:
                break
            if self.tally.names:
                self._place.forget_fits()
            self.tally.names.append(f"chaos-{len(self.tally.names) + 1}")
            self._study(self.tally.names[-1])
        return self.tally

    def _study(self, name: str) -> None:
        """Run the command again and again until it says that the study is done."""
        attempts = len(self._left) + 5
        for _ in range(attempts):
            self._runs += 1
            run = Run(self._place, name, self._runs)
            try:
                done = self._under_kills(run)
                self._note_end(run)
            finally:
                run.end()
            self._evidence.look(name)
            if done:
                return
        raise RuntimeError(f"{name} is not done after {attempts} runs: {self.tally.gave_up[-1:]}")

    def _under_kills(self, run: Run) -> bool:
        """Return whether the run ended by itself with the study done."""
        while self._left:
            kind, moment = self._left[-1], self._chance.choices([*MOMENTS], [*MOMENTS.values()])[0]
            moment = self._await(run, kind, moment)
            if run.code is not None:
                break
            if not self._hit(run, kind):
                continue
            self._left.pop()
            self.tally.kills[kind, moment] += 1
            if kind != "worker":
                return False
        if run.wait() != 0:
            self.tally.gave_up.append(run.said()[-500:])
        return run.code == 0

    def _note_end(self, run: Run) -> None:
        seconds, orphans = run.seconds_to_end()
        self.tally.longest_end = max(self.tally.longest_end, seconds)
        self.tally.orphans += orphans
        self.tally.said.append(run.said())

    def _await(self, run: Run, kind: str, moment: str) -> str:
        """Let a random time pass, which ends early where the run does, and return which moment came."""
        if moment == "start-up":  # of the driver; where a worker is to be hit, of the worker
            self._pass(run, self._chance.uniform(0, self._pace.start_up))
            if kind != "driver":
                self._workers(run)
            return moment
        self._workers(run)
        if moment == "telling":
            before = run.log.stat().st_size
            until(lambda: run.log.stat().st_size > before or run.code is not None, PATIENCE)
            self._pass(run, self._chance.uniform(0, 0.05))
            return moment
        if moment == "kept" and self._place.size.long and self._keeps(run):
            self._pass(run, self._chance.uniform(0, 0.5))
            return moment
        self._pass(run, self._chance.uniform(0.1, min(TRAINING * self._pace.start_up, self._pace.training / 2)))
        return "training"

    def _keeps(self, run: Run) -> bool:
        """Wait for a state to be kept, and return whether one was."""
        before = self._place.states().items()

        def is_kept() -> bool:
            return not self._place.states().items() <= before

        return until(lambda: is_kept() or run.code is not None, KEEPING * self._pace.start_up) and is_kept()

    def _workers(self, run: Run) -> None:
        until(lambda: run.workers() or run.code is not None, PATIENCE)

    def _pass(self, run: Run, seconds: float) -> None:
        until(lambda: run.code is not None, seconds)

    def _hit(self, run: Run, kind: str) -> bool:
        """Kill, and return whether all who were to be killed were still there."""
        if kind == "driver":
            run.kill()
            return True
        found = run.workers()
        hit = bool(found) and kill(self._chance.choice(found))
        if hit and kind == "both":
            run.kill()
        return hit
