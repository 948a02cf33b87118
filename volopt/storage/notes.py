"""Notes beside studies and trials, in the form that optuna-dashboard shows (``optuna_dashboard.get_note`` reads it).

Its own ``save_note`` takes no trial that is finished, and costs a second to import.
"""

import optuna

LONGEST = 2045  # characters in one attribute of a database; longer notes have several
VERSION = 1  # of every note written here; the dashboard counts up from it when a person changes one


def save_note(study: optuna.Study, trial_id: int | None, text: str) -> None:
    """Write the note of a study or, given its id in the storage, of one of its trials.

    A note that a person has changed stays as it is.
    """
    storage, study_id = study._storage, study._study_id
    prefix = "dashboard:" if trial_id is None else f"dashboard:{trial_id}:"
    before = storage.get_study_system_attrs(study_id)
    if before.get(f"{prefix}note_ver", VERSION) != VERSION:
        return
    parts = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
    longer = sum(key.startswith(f"{prefix}note_str:") for key in before) - len(parts)
    said: dict[str, str | int] = {f"{prefix}note_str:{at}": part for at, part in enumerate([*parts, *[""] * longer])}
    for key, value in (said | {f"{prefix}note_ver": VERSION}).items():
        if before.get(key) != value:
            storage.set_study_system_attr(study_id, key, value)
