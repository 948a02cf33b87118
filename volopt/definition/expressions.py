"""The grammar of expressions. No other text may reach qlib.

qlib passes an expression to Python's ``eval``: ``Ref($close,((__import__)('os').system)('…'))`` runs the command. So
qlib gets only the canonical ``text`` of an expression that ``parse`` accepted, and ``parse`` knows only::

    value    = sum [(">" | "<" | ">=" | "<=") sum]
    sum      = product (("+" | "-") product)*
    product  = operand (("*" | "/") operand)*
    operand  = field | ["-"] number | "(" value ")" | name "(" argument ("," argument)* ")"
    field    = "$" [a-z_] [a-z0-9_]*             number = digits ["." digits]

``OPERATORS`` has the names, and what the arguments of each are. Windows count trading days backwards, so an accepted
expression cannot look into the future. Each operation contains a field or a market node: qlib leaves operations between
numbers to Python, where ``1/0`` is an error.
"""

import difflib
import re
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from volopt.definition.nodes import COMPARISONS, WINDOWED, Binary, Call, Expression, Field, MarketNode, Number
from volopt.definition.plain_text import INSTRUMENT

PLAIN = ("Log", "Abs", "Sign")
OPERATORS = {
    **dict.fromkeys(WINDOWED, ("series", "window")),
    **dict.fromkeys(PLAIN, ("series",)),
    **dict.fromkeys(("Greater", "Less"), ("value", "value")),
    "Clip": ("series", "number", "number"),  # from low to high
    "If": ("comparison", "value", "value"),
    "Decay": ("series", "number"),  # Decay(x, n) is exp(-x / n)
    **dict.fromkeys(("CSMean", "CSStd"), ("series",)),
    "CSShare": ("comparison",),
    "Of": ("instrument", "series"),
}
MARKET = ("CSMean", "CSStd", "CSShare", "Of")
MAX_LENGTH = 500  # characters
MAX_NESTING = 20
MAX_WINDOW = 2000  # trading days
MAX_DIGITS = 15  # a float stores that many exactly


class ExpressionError(ValueError):
    """Report why a text is not an allowed expression, and at which position."""


def parse(text: str) -> Expression:
    """Return the expression of a text.

    Raises:
        ExpressionError: the text is not in the grammar above.
    """
    return _Parser(text).whole()


class _Token(NamedTuple):
    kind: str  # field, number, name, instrument, end, or the sign itself
    text: str
    position: int  # from 0


_TOKEN = re.compile(
    r"[ \t]*(?:(?P<field>\$[a-z_][a-z0-9_]*)|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[<>]=?|[-+*/(),])|(?P<end>\Z)|(?P<other>(?s:.)))"
)
_OF = re.compile(r"[ \t]*(?P<instrument>(?:[^,()]|\([^,()]*\))*)")  # after "Of(": names may hold signs
_INSTRUMENT = re.compile(INSTRUMENT)


class _Parser:
    """Parse the tokens by recursive descent; ``nesting`` bounds the recursion."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"an expression of {len(text)} characters, at most {MAX_LENGTH} are allowed")
        self.text = text
        self.tokens = self.split()
        self.nesting = 0

    def whole(self) -> Expression:
        expression = self.value()
        if self.next.kind != "end":
            raise self.unexpected("an operator + - * / or the end")
        if isinstance(expression, Number):
            raise self.error("there is no field such as $close", 0)
        return expression

    def value(self) -> Expression:
        """Return an expression or a number: a sum, or a comparison of two."""
        left = self.sum()
        if self.next.kind not in COMPARISONS:
            return left
        expression = self.binary(left, self.sum)
        if self.next.kind in COMPARISONS:  # Python's a > b > c is (a > b) and (b > c)
            raise self.error("a second comparison, write If($a>$b,$b>$c,0) for $a>$b>$c", self.next.position)
        return expression

    def sum(self) -> Expression:
        return self.chain("+-", self.product)

    def product(self) -> Expression:
        return self.chain("*/", self.operand)

    def chain(self, signs: str, below: Callable[[], Expression]) -> Expression:
        expression = below()
        while self.next.kind in tuple(signs):
            expression = self.binary(expression, below)
        return expression

    def binary(self, left: Expression, below: Callable[[], Expression]) -> Binary:
        sign = self.take()
        right = below()
        if isinstance(left, Number) and isinstance(right, Number):
            raise self.error(f"two numbers around {sign.text}, write the result instead", sign.position)
        return Binary(sign.text, left, right)

    def operand(self) -> Expression:
        match self.next.kind:
            case "field":
                return Field(self.take().text)
            case "number":
                return self.constant(1)
            case "-":
                return self.negative()
            case "(":
                self.open()
                expression = self.value()
                self.close()
                return expression
            case "name":
                return self.call()
        raise self.unexpected("a field, a number, an operator or (")

    def constant(self, factor: int) -> Number:
        token = self.take()
        if len(token.text) > MAX_DIGITS:
            raise self.error(f"a number of more than {MAX_DIGITS} digits", token.position)
        value = factor * float(token.text)
        return Number(int(value) if value.is_integer() else value)

    def negative(self) -> Number:
        minus = self.take()
        if self.next.kind != "number":
            raise self.error("a minus can precede only a number, write 0-$close for -$close", minus.position)
        return self.constant(-1)

    def call(self) -> Expression:
        name = self.take()
        known = {operator.lower(): operator for operator in OPERATORS}
        if self.next.kind != "(" and name.text.lower() not in known:
            raise self.error(f"a field begins with $, did you mean ${name.text.lower()}?", name.position)
        if name.text not in OPERATORS:
            near = difflib.get_close_matches(name.text.lower(), known, n=1)
            hint = f"did you mean {known[near[0]]}?" if near else f"known are {' '.join(OPERATORS)}"
            raise self.error(f"unknown operator {name.text}, {hint}", name.position)
        self.open()
        instrument = ""
        operands = list[Expression]()
        for number, kind in enumerate(OPERATORS[name.text]):
            if number:
                self.expect(",")
            if kind == "instrument":
                instrument = self.instrument()
            else:
                operands.append(self.argument(kind, name))
        self.close()
        return self.checked(name, operands, instrument)

    def argument(self, kind: str, name: _Token) -> Expression:
        """Return an argument of the operator ``name``, of one of the kinds in ``OPERATORS``."""
        match kind:
            case "window":
                return self.window()
            case "number" if self.next.kind == "number":
                return self.constant(1)
            case "number" if self.next.kind == "-":
                return self.negative()
            case "number":
                raise self.unexpected("a number")
        position = self.next.position
        expression = self.value()
        if kind == "comparison" and not (isinstance(expression, Binary) and expression.compares):
            raise self.error(f"{name.text} needs a comparison such as $close>$open", position)
        if kind == "series" and isinstance(expression, Number):
            raise self.error(f"{name.text} needs a field such as $close", name.position)
        return expression

    def checked(self, name: _Token, operands: list[Expression], instrument: str) -> Expression:
        """Return the operator on its operands, after a check of what they are together."""
        if name.text in MARKET:
            for inner in sorted(market.name for market in operands[0].markets):
                raise self.error(f"{name.text} cannot contain {inner}, compute with both side by side", name.position)
            return MarketNode(name.text, operands[0], instrument)
        match name.text, operands:
            case "Greater" | "Less", [Number(), Number()]:
                raise self.error(f"{name.text} needs a field such as $close", name.position)
            case "Clip", [_, Number(low), Number(high)] if low >= high:
                raise self.error("Clip needs the lower number first, such as Clip($close,1,5)", name.position)
            case "Decay", [_, Number(days)] if days <= 0:
                raise self.error("Decay needs a number above 0, such as Decay($days_to_next,2)", name.position)
        return Call(name.text, tuple(operands))

    def instrument(self) -> str:
        token = self.take()
        if not _INSTRUMENT.fullmatch(token.text):
            raise self.error("Of needs an instrument without quotes, such as Of(SH000300,$close)", token.position)
        return token.text

    def window(self) -> Number:
        token = self.take()
        if token.kind == "-" or token.text == "0":
            raise self.error("a window below 1 looks into the future, write at least 1", token.position)
        if not token.text.isdigit() or not 1 <= int(token.text) <= MAX_WINDOW:
            raise self.error(f"a window is a whole number from 1 to {MAX_WINDOW}", token.position)
        return Number(int(token.text))

    def open(self) -> None:
        opening = self.expect("(")
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.error(f"more than {MAX_NESTING} nested parentheses", opening.position)

    def close(self) -> None:
        self.expect(")")
        self.nesting -= 1

    @property
    def next(self) -> _Token:
        return self.tokens[0]

    def take(self) -> _Token:
        return self.tokens.popleft() if len(self.tokens) > 1 else self.next

    def expect(self, sign: str) -> _Token:
        if self.next.kind != sign:
            raise self.unexpected(f'"{sign}"')
        return self.take()

    def unexpected(self, wanted: str) -> ExpressionError:
        found = f'"{self.next.text}"' if self.next.text else "the end"
        return self.error(f"found {found}, expected {wanted}", self.next.position)

    def error(self, reason: str, position: int) -> ExpressionError:
        return ExpressionError(f"{reason} (character {position + 1} of {self.text!r})")

    def split(self) -> deque[_Token]:
        tokens: deque[_Token] = deque()
        position = 0
        while not tokens or tokens[-1].kind != "end":
            names_one = [token.text for token in list(tokens)[-2:]] == ["Of", "("]
            match = (_OF if names_one else _TOKEN).match(self.text, position)
            assert match is not None  # both match any text
            kind = str(match.lastgroup)
            if kind == "other":
                is_equality = match[kind] in ("=", "!")
                reason = "a character that no expression has" + ", the comparisons are > < >= <=" * is_equality
                raise self.error(reason, match.start(kind))
            text = match[kind].rstrip(" \t") if kind == "instrument" else match[kind]
            tokens.append(_Token(text if kind == "sign" else kind, text, match.start(kind)))
            position = match.end()
        return tokens
