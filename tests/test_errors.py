import pickle
import traceback

from volopt.errors import DefinitionError, TrainingError, did_you_mean, suggest


def test_the_nearest_names_are_suggested_whatever_their_case() -> None:
    assert suggest("sh600000", ["SZ000001", "SH600000"]).startswith("did you mean SH600000")


def test_without_a_near_name_the_known_ones_are_listed() -> None:
    assert suggest("qqq", ["SH600000", "SZ000001"]) == "there are: SH600000, SZ000001"
    assert suggest("qqq", []) == "there are none"


def test_a_sentence_asks_about_the_nearest_name_only_where_there_is_one() -> None:
    assert did_you_mean("widht", ["width", "depth"]) == ', did you mean "width"?'
    assert did_you_mean("qqq", ["width", "depth"]) == ""


def test_an_error_travels_between_processes_with_its_hint() -> None:
    there_and_back = pickle.loads(pickle.dumps(TrainingError("the loss is nan", "try a lower learning rate")))
    assert (there_and_back.message, there_and_back.hint) == ("the loss is nan", "try a lower learning rate")


def test_a_traceback_ends_with_the_mistakes_and_the_hint() -> None:
    shown = "".join(traceback.format_exception_only(DefinitionError("it has 1 mistake", "compare it", ["[data]: no"])))
    assert shown.endswith(": it has 1 mistake\n- [data]: no\nHint: compare it.\n")
