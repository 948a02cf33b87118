"""Count what an import drops or doubts, with a few examples."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from volopt.definition.plain_text import shortened

MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Issue:
    """Hold one kind of issue, the number of its cases, and the first of them."""

    what: str
    count: int
    examples: tuple[str, ...]

    def line(self) -> str:
        """Return the issue as one line of text."""
        examples = [*self.examples, *(["…"] if self.count > len(self.examples) else [])]
        shown = f" ({', '.join(examples)})" if self.examples else ""
        return f"{self.what}: {self.count}{shown}"


def count_cases(what: str, cases: Iterable[object]) -> list[Issue]:
    """Return the issue of some cases, or nothing if there are none; an empty text counts but is not an example."""
    texts = [f"{case:%Y-%m-%d}" if isinstance(case, date) else str(case) for case in cases]
    examples = tuple(shortened(text) for text in texts[:MAX_EXAMPLES] if text)
    return [Issue(what, len(texts), examples)] if texts else []


def add_counts(issues: Iterable[Issue]) -> list[Issue]:
    """Return one issue of each kind, with the counts added and without examples."""
    counts: dict[str, int] = {}
    for issue in issues:
        counts[issue.what] = counts.get(issue.what, 0) + issue.count
    return [Issue(what, count, ()) for what, count in counts.items()]
