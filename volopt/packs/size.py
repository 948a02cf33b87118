"""The number of fits that a run trains together: the option ``--pack``."""

from volopt.errors import UsageError

AUTO = "auto"
MAX_PACK = 4096
MAX_AUTO = 1024  # enough networks of the study file `search` to fill a GPU, in about twenty packs


def max_pack(option: str | None) -> int:
    """Return the largest number of fits to train together; 1, the default, means no packs.

    Args:
        option: a number, ``auto``, or None.

    Raises:
        UsageError: the option is neither a number in range nor ``auto``.
    """
    if option is None:
        return 1
    if option == AUTO:
        return MAX_AUTO
    number = int(option) if option.isascii() and option.isdecimal() and len(option) < 10 else 0
    if not 1 <= number <= MAX_PACK:
        raise UsageError(
            f"--pack {option} is neither auto nor a number from 1 to {MAX_PACK}",
            "write auto, or the number of fits to train together, for example 64",
        )
    return number
