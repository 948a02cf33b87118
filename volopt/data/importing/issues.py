"""What an import dropped or doubts: counted, with a few examples, never in silence."""

from collections.abc import Iterable
from dataclasses import dataclass

from volopt.definition.plain import shortened

EXAMPLES = 3  # that a finding keeps


@dataclass(frozen=True)
class Issue:
    """One kind of matter; ``count`` may be more than there are examples."""

    what: str
    count: int
    examples: tuple[str, ...]

    def line(self) -> str:
        """The same in words."""
        examples = [*self.examples, *(["…"] if self.count > len(self.examples) else [])]
        shown = f" ({', '.join(examples)})" if self.examples else ""
        return f"{self.what}: {self.count}{shown}"


def found(what: str, cases: Iterable[object]) -> list[Issue]:
    """The finding of some cases, or nothing where there are none; a case without a text is no example."""
    texts = [str(each) for each in cases]
    examples = tuple(shortened(text) for text in texts[:EXAMPLES] if text)
    return [Issue(what, len(texts), examples)] if texts else []


def together(findings: Iterable[Issue]) -> list[Issue]:
    """One finding a matter: counts added, without examples."""
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.what] = counts.get(each.what, 0) + each.count
    return [Issue(what, count, ()) for what, count in counts.items()]
