"""The grammar of feature expressions. No other text may reach qlib.

qlib passes an expression to Python's ``eval``: ``Ref($close,((__import__)('os').system)('…'))`` runs the command. So
qlib gets only the canonical ``text`` of an expression that ``parse`` accepted, and ``parse`` knows only::

    sum      = product (("+" | "-") product)*
    product  = operand (("*" | "/") operand)*
    operand  = field | number | "-" number | "(" sum ")" | call
    call     = windowed "(" sum "," window ")" | plain "(" sum ")"
    windowed = Ref Mean Std Sum Max Min          plain = Log Abs
    field    = "$" [a-z_] [a-z0-9_]*             number = digits ["." digits]             window = 1 to 2000

Windows count trading days backwards, so an accepted expression cannot look into the future. Each operation contains a
field: qlib leaves operations between numbers to Python, where ``1/0`` is an error.
"""

import difflib
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

WINDOWED = ("Ref", "Mean", "Std", "Sum", "Max", "Min")
PLAIN = ("Log", "Abs")
MAX_LENGTH = 500  # characters
MAX_NESTING = 20
MAX_WINDOW = 2000  # trading days
MAX_DIGITS = 15  # a float stores that many exactly
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2}  # the stronger sign binds its operands first


class ExpressionError(ValueError):
    """Report why a text is not an allowed expression, and at which position."""


@dataclass(frozen=True)
class Field:
    """Represent a daily series of the provider, such as ``$close``."""

    text: str  # its name
    lookback: ClassVar[int] = 0  # earlier trading days that one value needs

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of all fields in it."""
        return frozenset({self.text})


@dataclass(frozen=True)
class Number:
    """Represent a constant; a whole number is an ``int``, as in qlib's ``eval``."""

    value: int | float
    fields: ClassVar[frozenset[str]] = frozenset()
    lookback: ClassVar[int] = 0

    @property
    def text(self) -> str:
        """Return the canonical text, without an exponent."""
        return np.format_float_positional(self.value, trim="-")


@dataclass(frozen=True)
class Binary:
    """Represent two operands of ``+ - * /``."""

    sign: str
    left: "Expression"
    right: "Expression"

    @property
    def text(self) -> str:
        """Return the canonical text, with only the parentheses that it needs."""
        return f"{self._operand(self.left, 0)}{self.sign}{self._operand(self.right, 1)}"

    def _operand(self, operand: "Expression", side: int) -> str:
        loose = isinstance(operand, Binary) and _STRENGTH[operand.sign] < _STRENGTH[self.sign] + side
        return f"({operand.text})" if loose else operand.text

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of all fields in it."""
        return self.left.fields | self.right.fields

    @property
    def lookback(self) -> int:
        """Return how many earlier trading days one value needs."""
        return max(self.left.lookback, self.right.lookback)


@dataclass(frozen=True)
class Call:
    """Represent a named operator on an expression, with a window of trading days for those in ``WINDOWED``."""

    name: str
    argument: "Expression"
    window: int | None = None

    @property
    def text(self) -> str:
        """Return the canonical text."""
        window = "" if self.window is None else f",{self.window}"
        return f"{self.name}({self.argument.text}{window})"

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of all fields in it."""
        return self.argument.fields

    @property
    def lookback(self) -> int:
        """Return how many earlier trading days one value needs."""
        if self.window is None:
            return self.argument.lookback
        return self.argument.lookback + self.window - (self.name != "Ref")


Expression = Field | Number | Binary | Call


def parse(text: str) -> Expression:
    """Return the expression of a text.

    Raises:
        ExpressionError: the text is not in the grammar above.
    """
    return _Parser(text).whole()


class _Token(NamedTuple):
    kind: str  # field, number, name, end, or the sign itself
    text: str
    position: int  # from 0


_TOKEN = re.compile(
    r"[ \t]*(?:(?P<field>\$[a-z_][a-z0-9_]*)|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/(),])|(?P<end>\Z)|(?P<other>(?s:.)))"
)


class _Parser:
    """Parse the tokens by recursive descent; ``nesting`` bounds the recursion."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"an expression of {len(text)} characters, at most {MAX_LENGTH} are allowed")
        self.text = text
        self.tokens = self.split()
        self.nesting = 0

    def whole(self) -> Expression:
        expression = self.sum()
        if self.next.kind != "end":
            raise self.unexpected("an operator + - * / or the end")
        if not expression.fields:
            raise self.error("there is no field such as $close", 0)
        return expression

    def sum(self) -> Expression:
        return self.chain("+-", self.product)

    def product(self) -> Expression:
        return self.chain("*/", self.operand)

    def chain(self, signs: str, below: Callable[[], Expression]) -> Expression:
        expression = below()
        while self.next.kind in tuple(signs):
            sign = self.take()
            right = below()
            if not (expression.fields or right.fields):
                raise self.error(f"two numbers around {sign.text}, write the result instead", sign.position)
            expression = Binary(sign.text, expression, right)
        return expression

    def operand(self) -> Expression:
        match self.next.kind:
            case "field":
                return Field(self.take().text)
            case "number":
                return self.number(1)
            case "-":
                return self.negative()
            case "(":
                return self.parentheses()
            case "name":
                return self.call()
        raise self.unexpected("a field, a number, an operator or (")

    def number(self, factor: int) -> Number:
        token = self.take()
        if len(token.text) > MAX_DIGITS:
            raise self.error(f"a number of more than {MAX_DIGITS} digits", token.position)
        value = factor * float(token.text)
        return Number(int(value) if value.is_integer() else value)

    def negative(self) -> Number:
        minus = self.take()
        if self.next.kind != "number":
            raise self.error("a minus can precede only a number, write 0-$close for -$close", minus.position)
        return self.number(-1)

    def parentheses(self) -> Expression:
        expression = self.opened()
        self.expect(")")
        self.nesting -= 1
        return expression

    def call(self) -> Call:
        name = self.take()
        if self.next.kind != "(" and name.text.capitalize() not in WINDOWED + PLAIN:
            raise self.error(f"a field begins with $, did you mean ${name.text.lower()}?", name.position)
        if name.text not in WINDOWED + PLAIN:
            near = difflib.get_close_matches(name.text.capitalize(), WINDOWED + PLAIN, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {' '.join(WINDOWED + PLAIN)}"
            raise self.error(f"unknown operator {name.text}, {hint}", name.position)
        argument = self.opened()
        if not argument.fields:
            raise self.error(f"{name.text} needs a field such as $close", name.position)
        window = self.window() if name.text in WINDOWED else None
        self.expect(")")
        self.nesting -= 1
        return Call(name.text, argument, window)

    def opened(self) -> Expression:
        """Return the sum after an opening parenthesis; the caller closes it."""
        opening = self.expect("(")
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.error(f"more than {MAX_NESTING} nested parentheses", opening.position)
        return self.sum()

    def window(self) -> int:
        self.expect(",")
        token = self.take()
        if token.kind == "-" or token.text == "0":
            raise self.error("a window below 1 looks into the future, write at least 1", token.position)
        if not token.text.isdigit() or not 1 <= int(token.text) <= MAX_WINDOW:
            raise self.error(f"a window is a whole number from 1 to {MAX_WINDOW}", token.position)
        return int(token.text)

    @property
    def next(self) -> _Token:
        return self.tokens[0]

    def take(self) -> _Token:
        return self.tokens.popleft() if len(self.tokens) > 1 else self.next

    def expect(self, sign: str) -> _Token:
        if self.next.kind != sign:
            raise self.unexpected(sign)
        return self.take()

    def unexpected(self, wanted: str) -> ExpressionError:
        text = self.next.text or "the end"
        return self.error(f"found {text}, expected {wanted}", self.next.position)

    def error(self, reason: str, position: int) -> ExpressionError:
        return ExpressionError(f"{reason} (character {position + 1} of {self.text!r})")

    def split(self) -> deque[_Token]:
        tokens: deque[_Token] = deque()
        for match in _TOKEN.finditer(self.text):
            kind = str(match.lastgroup)
            if kind == "other":
                raise self.error("a character that no expression has", match.start())
            tokens.append(_Token(match[kind] if kind == "sign" else kind, match[kind], match.start(kind)))
        return tokens
