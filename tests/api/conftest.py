"""The command line beside the Python interface, and a study that both can refit."""

from cli.conftest import volopt as command_line
from forecast.conftest import storage

__all__ = ["command_line", "storage"]
