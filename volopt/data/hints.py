"""What to suggest where a name is unknown."""

import difflib
from collections.abc import Iterable


def nearest(found: str, known: Iterable[str]) -> str:
    """A sentence with the known names most like ``found``, or with the first known ones where none is."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(found.lower(), names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(names[name] for name in near)}?"
    return f"there are: {', '.join(list(names.values())[:10])}" if names else "there are none"
