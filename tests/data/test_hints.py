from volopt.data.hints import nearest


def test_the_nearest_names_are_suggested_whatever_their_case() -> None:
    assert nearest("sh600000", ["SZ000001", "SH600000"]).startswith("did you mean SH600000")


def test_without_a_near_name_the_known_ones_are_listed() -> None:
    assert nearest("qqq", ["SH600000", "SZ000001"]) == "there are: SH600000, SZ000001"
    assert nearest("qqq", []) == "there are none"
