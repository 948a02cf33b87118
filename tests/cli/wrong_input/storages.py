"""URLs that are no storage's, and databases that are missing, broken or of others."""

import os
import sqlite3
from pathlib import Path

from cli.wrong_input.case import Case, Given
from cli.wrong_input.hints import OTHER_FILE


def storage(name: str, url: str, says: str) -> Case:
    """A case of a URL that is no storage's."""
    return Case(name, f"run right.toml --data sample --storage '{url}'", 2, says, "write --storage sqlite:///FILE")


def no_database(command: str) -> Case:
    """A case of a command that needs a database where there is none."""
    says = "there is no database at storage/volopt.db"
    return Case(f"{command.split()[0]} without a database", command, 1, says, "run a study first")


def another_program(place: Path) -> None:
    """Make a database that has nothing to do with Optuna."""
    connection = sqlite3.connect(place / "other.db")
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


def sql(statement: str) -> Given:
    """Change the database."""

    def given(place: Path) -> None:
        connection = sqlite3.connect(place / "storage" / "volopt.db")
        with connection:
            connection.execute(statement)
        connection.close()

    return given


NEWER_OPTUNA = sql("UPDATE alembic_version SET version_num = 'v9.9.9'")
OLDER_OPTUNA = sql("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
NEWER_VOLOPT = sql("UPDATE study_user_attributes SET value_json = '2' WHERE key = 'volopt:format'")
STORAGES = [
    storage(
        "a storage of another kind", "mysql://me:secret@host/db", "mysql://***@host/db is no storage volopt can use"
    ),
    storage("a storage that is no URL", "my.db", "my.db is no storage volopt can use"),
    storage("a storage in memory", "sqlite:///:memory:", "sqlite:///:memory: is no storage volopt can use"),
    storage("a storage without a file", "sqlite:///", "sqlite:/// is no storage volopt can use"),
    storage("a storage with options", "sqlite:///my.db?mode=ro", "sqlite:///my.db is no storage volopt can use"),
    *map(
        no_database,
        [
            "status",
            "trials right",
            "delete right --yes",
            "report right",
            "plot right grid",
            "export right",
            "compare right 0 1",
            "findings",
            "dashboard",
        ],
    ),
    *(
        Case(
            f"{command.split()[0]} with another program's database",
            f"{command} --storage sqlite:///other.db",
            1,
            "other.db is the database of another program",
            OTHER_FILE,
            another_program,
        )
        for command in ("run right.toml --data sample", "status", "trials right", "findings")
    ),
    *(
        Case(
            f"{command.split()[0]} with a file that is no database",
            f"{command} --storage sqlite:///wrong.toml",
            1,
            "wrong.toml is no SQLite database (file is not a database)",
            OTHER_FILE,
        )
        for command in ("run right.toml --data sample", "status")
    ),
    *(
        Case(
            f"{command.split()[0]} with a newer Optuna's database",
            command,
            1,
            "storage/volopt.db was written by a newer version of Optuna",
            "update volopt and Optuna",
            NEWER_OPTUNA,
            stored=True,
        )
        for command in ("run right.toml --data sample", "status")
    ),
    *(
        Case(
            f"{command.split()[0]} with an older Optuna's database",
            command,
            1,
            "storage/volopt.db was written by an older version of Optuna",
            "run `optuna storage upgrade --storage sqlite:///storage/volopt.db`",
            OLDER_OPTUNA,
            stored=True,
        )
        for command in ("run right.toml --data sample", "status")
    ),
    *(
        Case(
            f"{command.split()[0]} with a newer volopt's study",
            command,
            1,
            'the study "right" was written by a newer volopt',
            "update volopt",
            NEWER_VOLOPT,
            stored=True,
        )
        for command in ("run right.toml --data sample", "status")
    ),
    Case(
        "a database cut off",
        "status",
        1,
        "storage/volopt.db is no SQLite database (database disk image is malformed)",
        OTHER_FILE,
        lambda place: os.truncate(place / "storage" / "volopt.db", 5000),
        stored=True,
    ),
]
