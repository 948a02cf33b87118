"""Opening the storage for the time of a command."""

import click

from volopt.storage.database.connect import connect
from volopt.storage.database.retrying import RetryingStorage


def open_storage(url: str) -> RetryingStorage:
    """Return the storage at a URL, to read from; it is closed when the command ends."""
    storage = connect(url)
    click.get_current_context().call_on_close(storage.close)
    return storage
