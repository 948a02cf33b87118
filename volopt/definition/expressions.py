"""The grammar of feature expressions, the only texts that may reach qlib.

qlib hands an expression to Python's ``eval``: ``Ref($close,((__import__)('os').system)('…'))`` runs the
command. So nothing reaches it but the canonical ``text`` of an expression that ``parse`` accepted, and that
function knows only::

    sum      = product (("+" | "-") product)*
    product  = operand (("*" | "/") operand)*
    operand  = field | number | "-" number | "(" sum ")" | call
    call     = windowed "(" sum "," window ")" | plain "(" sum ")"
    windowed = Ref Mean Std Sum Max Min          plain = Log Abs
    field    = "$" [a-z_] [a-z0-9_]*             number = digits ["." digits]             window = 1 to 2000

Windows count trading days backwards, so an accepted expression cannot look into the future. Every operation
has a field somewhere below it: qlib leaves numbers among themselves to Python, where ``1/0`` is an error.
"""

import difflib
import re
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

WINDOWED = ("Ref", "Mean", "Std", "Sum", "Max", "Min")
PLAIN = ("Log", "Abs")
MAX_LENGTH = 500  # characters
MAX_NESTING = 20
MAX_WINDOW = 2000  # trading days
MAX_DIGITS = 15  # a float keeps that many exactly


class ExpressionError(ValueError):
    """A text that is no allowed expression; the message is one sentence that names the position."""


@dataclass(frozen=True)
class Field:
    """A daily series of the provider, such as ``$close``."""

    name: str

    @property
    def text(self) -> str:
        """The canonical text."""
        return self.name

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields in it."""
        return frozenset({self.name})

    @property
    def lookback(self) -> int:
        """Trading days of history that one value needs before its own day."""
        return 0


@dataclass(frozen=True)
class Number:
    """A constant; a whole one is an ``int``, as qlib's ``eval`` would have it."""

    value: int | float

    @property
    def text(self) -> str:
        """The canonical text, never with an exponent."""
        return np.format_float_positional(self.value, trim="-")

    @property
    def fields(self) -> frozenset[str]:
        """Empty."""
        return frozenset()

    @property
    def lookback(self) -> int:
        """Zero."""
        return 0


@dataclass(frozen=True)
class Binary:
    """Two operands joined by ``+ - * /``."""

    sign: str
    left: "Expression"
    right: "Expression"

    @property
    def text(self) -> str:
        """The canonical text, with only the parentheses that the tree needs."""
        return f"{self._operand(self.left, 0)}{self.sign}{self._operand(self.right, 1)}"

    def _operand(self, operand: "Expression", side: int) -> str:
        loose = isinstance(operand, Binary) and _strength(operand.sign) < _strength(self.sign) + side
        return f"({operand.text})" if loose else operand.text

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields in it."""
        return self.left.fields | self.right.fields

    @property
    def lookback(self) -> int:
        """Trading days of history that one value needs before its own day."""
        return max(self.left.lookback, self.right.lookback)


@dataclass(frozen=True)
class Call:
    """A named operator over an expression, with a window of trading days if it is one of ``WINDOWED``."""

    name: str
    argument: "Expression"
    window: int | None = None

    @property
    def text(self) -> str:
        """The canonical text."""
        window = "" if self.window is None else f",{self.window}"
        return f"{self.name}({self.argument.text}{window})"

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields in it."""
        return self.argument.fields

    @property
    def lookback(self) -> int:
        """Trading days of history that one value needs before its own day."""
        if self.window is None:
            return self.argument.lookback
        return self.argument.lookback + self.window - (self.name != "Ref")


Expression = Field | Number | Binary | Call


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: the text is not in the grammar above.
    """
    return _Parser(text).whole()


def _strength(sign: str) -> int:
    return 1 if sign in "+-" else 2


class _Token(NamedTuple):
    kind: str  # field, number, name, end, or the sign itself
    text: str
    position: int  # from 0


_TOKEN = re.compile(
    r"[ \t]*(?:(?P<field>\$[a-z_][a-z0-9_]*)|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/(),])|(?P<end>\Z))"
)


class _Parser:
    """Recursive descent over the tokens; ``nesting`` bounds the recursion."""

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
        return self.chain("+-")

    def product(self) -> Expression:
        return self.chain("*/")

    def chain(self, signs: str) -> Expression:
        below = self.product if signs == "+-" else self.operand
        expression = below()
        while self.next.kind in tuple(signs):
            sign = self.take()
            right = below()
            if not (expression.fields or right.fields):
                raise self.error(f"two numbers around {sign.text}, write their result instead", sign.position)
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
            raise self.error("a minus may lead only a number, write 0-$close for -$close", minus.position)
        return self.number(-1)

    def parentheses(self) -> Expression:
        expression = self.opened()
        self.expect(")")
        self.nesting -= 1
        return expression

    def call(self) -> Call:
        name = self.take()
        if name.text not in WINDOWED + PLAIN:
            raise self.error(f"unknown operator {name.text}, {_nearest(name.text)}", name.position)
        argument = self.opened()
        if not argument.fields:
            raise self.error(f"{name.text} needs a field such as $close", name.position)
        window = self.window() if name.text in WINDOWED else None
        self.expect(")")
        self.nesting -= 1
        return Call(name.text, argument, window)

    def opened(self) -> Expression:
        """A parenthesis and the sum in it; the caller closes both."""
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
        found = self.next.text or "the end"
        return self.error(f"found {found} where {wanted} belongs", self.next.position)

    def error(self, reason: str, position: int) -> ExpressionError:
        return ExpressionError(f"{reason} (character {position + 1} of {self.text!r})")

    def split(self) -> deque[_Token]:
        tokens: deque[_Token] = deque()
        position = 0
        while not tokens or tokens[-1].kind != "end":
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self.error("a character that belongs to no expression", position)
            kind = str(match.lastgroup)
            text = match.group(kind)
            tokens.append(_Token(text if kind == "sign" else kind, text, match.start(kind)))
            position = match.end()
        return tokens


def _nearest(name: str) -> str:
    known = WINDOWED + PLAIN
    near = difflib.get_close_matches(name.capitalize(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {' '.join(known)}"
