"""Which numbers a stretch of text holds: their digits alone, and as they are written."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBER = re.compile(
    r"(?:(?<![\w)])[-+])?[$€£]? ?(?:(?<![\w)])-)?"  # a sign before or behind the currency, and no operator
    r"(?:\d+(?:-\d+){2,}|\d+(?:[.,:/]\d+)*)"  # one dash alone parts two numbers
    r"(?:/-)?(?: ?[%€£$])?"
)


class WrittenNumber(NamedTuple):
    """A number of a page."""

    digits: str
    """Its digits alone: "62" of "6.2"."""
    written: str
    """With the signs that belong to it."""


def numbers_in(text: str) -> list[WrittenNumber]:
    """The numbers in a stretch of text, from left to right: 12.5 in "12.5", 4 in "A4", 2 in "H2O"."""
    found = []
    for match in _NUMBER.finditer(text):
        written = match[0].replace(" ", "")
        found.append(WrittenNumber(re.sub(r"\D", "", written), written))
    return found
