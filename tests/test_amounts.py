"""What numbers as they are written amount to, and where that is left open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.amounts import value_of

VALUES = {
    "12": 12.0,
    "007": 7.0,
    "12.5": 12.5,
    "12,5": 12.5,
    "0.125": 0.125,
    "0,125": 0.125,
    "1234,567": 1234.567,
    "1.250,00": 1250.0,
    "1,250.00": 1250.0,
    "1.250,000": 1250.0,
    "1.250.000": 1250000.0,
    "1,250,000.5": 1250000.5,
    "11,00,000": 1100000.0,
    "110,000/-": 110000.0,
    "110.000/=": 110000.0,
    "12.50/-": 12.5,
    "-3": -3.0,
    "+3": 3.0,
    "12%": 12.0,
    "$5.00": 5.0,
    "-$5": -5.0,
    "$-5": -5.0,
    "5€": 5.0,
    "123456789012345": 123456789012345.0,
}
NONE = (
    *("6,300", "1.250", "$6,300", "1,250,00", "1,2,3", "12/05/1998", "10:45", "06-05-22", "3/4", "12.", ".5", "5,"),
    *("??", "", "-", "--3", "$5€", "1234567890123456", "12 5", "1e5", "١٢"),
)


@pytest.mark.parametrize("written", VALUES)
def test_one_reading_is_a_value(written: str) -> None:
    assert value_of(written) == VALUES[written]


@pytest.mark.parametrize("written", NONE)
def test_no_reading_or_two_are_none(written: str) -> None:
    assert value_of(written) is None


@given(st.text("0123456789.,-+/$%€:=? ", max_size=12))
def test_nothing_raises(written: str) -> None:
    assert isinstance(value_of(written), float | None)


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_both_ways_of_grouping_are_read(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02}"
    assert value_of(english) == float(f"{whole}.{cents:02}")
    assert value_of(english.translate(str.maketrans(".,", ",."))) == value_of(english)
