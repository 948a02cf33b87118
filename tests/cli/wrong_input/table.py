"""The table of wrong inputs: what is there, the command, its exit code, and what it says on stderr."""

from cli.wrong_input.arguments import ARGUMENTS
from cli.wrong_input.command_line import COMMAND_LINE
from cli.wrong_input.csv_files import CSV_FILES
from cli.wrong_input.forecasts import FORECASTS
from cli.wrong_input.imports import IMPORTS
from cli.wrong_input.providers import PROVIDERS
from cli.wrong_input.storages import STORAGES
from cli.wrong_input.studies import STUDIES
from cli.wrong_input.study_files import STUDY_FILES

DATA = [*STUDY_FILES, *PROVIDERS, *CSV_FILES]  # what `volopt check` looks at too
CASES = [*COMMAND_LINE, *ARGUMENTS, *DATA, *IMPORTS, *STORAGES, *STUDIES, *FORECASTS]
