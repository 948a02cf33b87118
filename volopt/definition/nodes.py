"""The nodes of an expression: what ``expressions.parse`` returns, and what readers evaluate."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

WINDOWED = ("Ref", "Mean", "Std", "Sum", "Max", "Min", "EMA")  # their last argument is a number of trading days
COMPARISONS = (">", "<", ">=", "<=")
_STRENGTH = {**dict.fromkeys(COMPARISONS, 0), "+": 1, "-": 1, "*": 2, "/": 2}  # the stronger sign binds first


class Expression(ABC):
    """Represent a series with a value a day, or a number."""

    @property
    @abstractmethod
    def text(self) -> str:
        """Return the canonical text."""

    @property
    def arguments(self) -> tuple["Expression", ...]:
        """Return the expressions from whose values its own are computed."""
        return ()

    @property
    def lookback(self) -> int:
        """Return how many earlier trading days one value needs."""
        return max((argument.lookback for argument in self.arguments), default=0)

    def walk(self) -> Iterator["Expression"]:
        """Yield it and all expressions below it, except those inside market nodes."""
        yield self
        for argument in self.arguments:
            yield from argument.walk()

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of all fields of the instrument in it."""
        return frozenset(node.name for node in self.walk() if isinstance(node, Field))

    @property
    def all_fields(self) -> frozenset[str]:
        """Return the names of all fields in it, of the instrument and of others."""
        return self.fields.union(*(market.content.fields for market in self.markets))

    @property
    def markets(self) -> frozenset["MarketNode"]:
        """Return all market nodes in it."""
        return frozenset(node for node in self.walk() if isinstance(node, MarketNode))


@dataclass(frozen=True)
class Field(Expression):
    """Represent a daily series of the provider, such as ``$close``."""

    name: str

    @property
    def text(self) -> str:
        """Return its name."""
        return self.name


@dataclass(frozen=True)
class Number(Expression):
    """Represent a constant; a whole number is an ``int``, as in qlib's ``eval``."""

    value: int | float

    @property
    def text(self) -> str:
        """Return the canonical text, without an exponent."""
        return np.format_float_positional(self.value, trim="-")


@dataclass(frozen=True)
class Binary(Expression):
    """Represent two operands of ``+ - * /``, or a comparison of them, which is 1 or 0."""

    sign: str
    left: Expression
    right: Expression

    @property
    def text(self) -> str:
        """Return the canonical text, with only the parentheses that it needs."""
        return f"{self._operand(self.left, int(self.compares))}{self.sign}{self._operand(self.right, 1)}"

    def _operand(self, operand: Expression, side: int) -> str:
        loose = isinstance(operand, Binary) and _STRENGTH[operand.sign] < _STRENGTH[self.sign] + side
        return f"({operand.text})" if loose else operand.text

    @property
    def compares(self) -> bool:
        """Return whether it is a comparison."""
        return self.sign in COMPARISONS

    @property
    def arguments(self) -> tuple[Expression, ...]:
        """Return both operands."""
        return self.left, self.right


@dataclass(frozen=True)
class Call(Expression):
    """Represent a named operator on its operands; a window or another constant is a ``Number`` among them."""

    name: str
    operands: tuple[Expression, ...]

    @property
    def text(self) -> str:
        """Return the canonical text."""
        return f"{self.name}({','.join(operand.text for operand in self.operands)})"

    @property
    def arguments(self) -> tuple[Expression, ...]:
        """Return the operands."""
        return self.operands

    @property
    def lookback(self) -> int:
        """Return how many earlier trading days one value needs."""
        match self:
            case Call(name, (argument, Number(int(days)))) if name in WINDOWED:
                return argument.lookback + days - (name != "Ref")
        return super().lookback


@dataclass(frozen=True)
class MarketNode(Expression):
    """Represent a series that is the same for all stocks: over the panel's stocks, or of one other instrument.

    It has no arguments: its values are computed beforehand, on the trade days of other instruments.
    """

    name: str  # CSMean, CSStd, CSShare or Of
    content: Expression
    instrument: str = ""  # of Of

    @property
    def text(self) -> str:
        """Return the canonical text."""
        return f"{self.name}({self.instrument}{',' if self.instrument else ''}{self.content.text})"
