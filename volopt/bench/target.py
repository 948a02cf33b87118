"""What a figure is held to."""

from typing import NamedTuple


class Target(NamedTuple):
    """A figure and its bound."""

    name: str
    value: float
    bound: float
    unit: str = ""
    at_least: bool = False  # else at most

    @property
    def met(self) -> bool:
        """Return whether the figure keeps to its bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def shown(self) -> tuple[str, str, str, str]:
        """Return its cells in a table: name, value, bound, whether it is met."""
        words = "at least" if self.at_least else "at most"
        value, bound = (f"{number:.4g} {self.unit}".strip() for number in (self.value, self.bound))
        return self.name, value, f"{words} {bound}", "yes" if self.met else "no"
