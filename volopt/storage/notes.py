"""Write notes of studies and trials in the form that optuna-dashboard shows (``optuna_dashboard.get_note`` reads it).

The dashboard's own ``save_note`` refuses finished trials and takes a second to import.
"""

import optuna

from volopt.optuna_internals import storage_of, study_id

MAX_CHARACTERS = 2045  # of one attribute of a database; longer notes have several
VERSION = 1  # of each note written here; the dashboard increases it when a person changes the note


def save_note(study: optuna.Study, trial_id: int | None, text: str) -> None:
    """Write the note of a study or, given its id in the storage, of one of its trials.

    A note that a person has changed stays as it is.
    """
    storage, owner = storage_of(study), study_id(study)
    prefix = "dashboard:" if trial_id is None else f"dashboard:{trial_id}:"
    stored = storage.get_study_system_attrs(owner)
    if stored.get(f"{prefix}note_ver", VERSION) != VERSION:
        return
    parts = [text[start : start + MAX_CHARACTERS] for start in range(0, len(text), MAX_CHARACTERS)]
    surplus = sum(key.startswith(f"{prefix}note_str:") for key in stored) - len(parts)
    attributes: dict[str, str | int] = {
        f"{prefix}note_str:{number}": part for number, part in enumerate([*parts, *[""] * surplus])
    }
    for key, value in (attributes | {f"{prefix}note_ver": VERSION}).items():
        if stored.get(key) != value:
            storage.set_study_system_attr(owner, key, value)
