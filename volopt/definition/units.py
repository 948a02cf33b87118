"""Tell how an expression changes with the unit of the target."""

from typing import Literal

from volopt.definition.expressions import Expression

Kind = Literal["target", "log target", "other"]


def target_kind(expression: Expression, target: Expression) -> Kind:
    """Return how an expression changes when the target is multiplied by a number."""
    return "target" if expression == target else "other"
