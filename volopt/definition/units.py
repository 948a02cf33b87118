"""Tell how an expression scales with the target, by a dimensional analysis of its structure."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from volopt.definition.nodes import Binary, Call, Expression, Field, MarketNode, Number

Kind = Literal["target", "log target", "other"]


class _Units(NamedTuple):
    """Say what a target that is c times as large does to a value: it becomes c**degree * value + logs * log(c).

    At least one of the two is 0. Both are, if the value does not depend on the target's scale.
    """

    degree: float = 0
    logs: float = 0


_NONE = _Units()
_KINDS: dict[_Units | None, Kind] = {_Units(degree=1): "target", _Units(logs=1): "log target"}


def target_kind(expression: Expression, target: Expression) -> Kind:
    """Return how an expression changes if all values of the target are multiplied by a number c > 0.

    Returns:
        ``"target"``: it is multiplied by c too, as ``Mean($volume,60)`` is. ``"log target"``: log c is added to it, as
        to ``Mean(Log($volume),60)``. ``"other"``: neither, or its structure does not tell.
    """
    return _KINDS.get(_Analysis(target).units(expression), "other")


def is_difference(expression: Expression) -> bool:
    """Return whether an expression is a difference, or a statistic of one that has its sign."""
    match expression:
        case Binary("-"):
            return True
        case Call("Ref" | "Mean" | "Max" | "Min" | "EMA" | "Sum", (argument, _)):
            return is_difference(argument)
    return False


@dataclass(frozen=True)
class _Analysis:
    target: Expression

    def units(self, expression: Expression) -> _Units | None:
        """Return the units of an expression, or None if its structure does not tell them."""
        if expression == self.target:
            return _Units(degree=1)
        match expression:
            case Number():
                return _NONE
            case Field(name):
                return None if name in self.target.fields else _NONE
            case MarketNode(content=content):  # of another scale than the instrument's own target
                return None if content.fields & self.target.fields else _NONE
            case Binary("*" | "/" as sign, left, right):
                return self.product(sign, left, right)
            case Binary("+" | "-" as sign, left, right):
                return self.sum(sign, left, right)
            case Binary(_, left, right):
                return None if self.shared(left, right) is None else _NONE
            case Call("If", (condition, left, right)):
                return self.shared(left, right) if self.units(condition) == _NONE else None
            case Call("Greater" | "Less", (left, right)):
                return self.shared(left, right)
            case Call(name, (argument, *numbers)):
                units = self.units(argument)
                return None if units is None else _of_call(name, units, numbers)
        return None

    def product(self, sign: str, left: Expression, right: Expression) -> _Units | None:
        ours, theirs = self.units(left), self.units(right)
        if ours is None or theirs is None or (sign == "/" and right == Number(0)):
            return None
        if isinstance(left, Number) and sign == "*":
            left, right, ours, theirs = right, left, theirs, ours
        if isinstance(right, Number):
            return ours._replace(logs=ours.logs * right.value if sign == "*" else ours.logs / right.value)
        if ours.logs or theirs.logs:
            return None
        return _Units(ours.degree + (theirs.degree if sign == "*" else -theirs.degree))

    def sum(self, sign: str, left: Expression, right: Expression) -> _Units | None:
        ours, theirs = self.units(left), self.units(right)
        if ours is None or theirs is None:
            return None
        if ours.degree or theirs.degree:
            return _shared(left, ours, right, theirs)
        return _Units(logs=ours.logs + (theirs.logs if sign == "+" else -theirs.logs))

    def shared(self, left: Expression, right: Expression) -> _Units | None:
        return _shared(left, self.units(left), right, self.units(right))


def _shared(left: Expression, ours: _Units | None, right: Expression, theirs: _Units | None) -> _Units | None:
    """Return the units that both expressions have, or None if they differ; 0 has any degree."""
    for number, other in ((left, theirs), (right, ours)):
        if number == Number(0) and other is not None and not other.logs:
            return other
    return ours if ours == theirs else None


def _of_call(name: str, units: _Units, numbers: list[Expression]) -> _Units | None:
    """Return the units of an operator on a series with units and numbers."""
    match name, numbers:
        case "Ref" | "Mean" | "Max" | "Min" | "EMA", _:
            return units
        case "Std", _:
            return _Units(units.degree)
        case "Sum" | "Abs", _ if not units.logs:
            return units
        case "Sign", _ if not units.logs:
            return _NONE
        case "Log", _ if not units.logs:
            return _Units(logs=units.degree)
        case "Clip", _ if units == _NONE:
            return _NONE
        case "Decay", [Number(days)] if not units.degree:
            return _Units(-units.logs / days)
    return None
