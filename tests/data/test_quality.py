from datetime import date

import numpy as np

from volopt.data.quality import Gap, Outlier, Quality, find_gaps, find_outliers


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]")


def test_ten_calendar_days_are_holidays_and_eleven_are_a_gap() -> None:
    assert find_gaps(days("2010-02-12", "2010-02-22")) == ()
    assert find_gaps(days("2010-02-12", "2010-02-23")) == (Gap(date(2010, 2, 13), date(2010, 2, 22), 6),)


def test_a_gap_towards_the_ends_of_the_range_counts_if_they_are_known() -> None:
    ends = (date(2010, 1, 4), date(2010, 3, 31))
    assert find_gaps(days("2010-03-01", "2010-03-05")) == ()
    assert find_gaps(days("2010-03-01", "2010-03-05"), ends) == (
        Gap(date(2010, 1, 4), date(2010, 2, 28), 40),
        Gap(date(2010, 3, 6), date(2010, 3, 31), 18),
    )


def test_a_day_far_from_the_median_of_the_eleven_around_it_is_an_outlier() -> None:
    dates = np.arange("2010-01-01", "2010-01-31", dtype="datetime64[D]")
    volume = np.full(30, 1000.0)
    volume[14] = 1000 * np.exp(2.1)
    volume[29] = 1000 * np.exp(-2.1)
    volume[20] = 1000 * np.exp(1.9)
    outliers = find_outliers(dates, volume)
    assert [outlier.day for outlier in outliers] == [date(2010, 1, 15), date(2010, 1, 30)]
    np.testing.assert_allclose([outlier.log_ratio for outlier in outliers], [2.1, -2.1])


def test_a_lasting_shift_is_no_outlier() -> None:
    dates = np.arange("2010-01-01", "2010-01-31", dtype="datetime64[D]")
    assert find_outliers(dates, np.where(np.arange(30) < 15, 1.0, 1000.0)) == ()


def test_the_lines_say_everything_in_words() -> None:
    quality = Quality(
        days=20,
        no_trade=3,
        incomplete=2,
        gaps=(Gap(date(2010, 2, 13), date(2010, 2, 23), 7),),
        outliers=(Outlier(date(2010, 3, 1), -np.log(9.6)), Outlier(date(2010, 3, 2), np.log(8))),
    )
    assert quality.lines() == [
        "15 trade days kept of 20 days: 3 without trade, 2 incomplete",
        "no trade from 2010-02-13 to 2010-02-23 (7 weekdays)",
        "volume on 2010-03-01 is 9.6 times below the days around it",
        "volume on 2010-03-02 is 8.0 times above the days around it",
    ]
