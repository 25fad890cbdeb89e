"""What a number amounts to, by how it is written."""

from __future__ import annotations

import re

MAX_EXACT_DIGITS = 15
"""A float holds any number of so many digits as it is written."""
_AMOUNT = re.compile(r"(?P<lead>[-+$€£]*)(?P<body>[0-9][0-9.,]*)(?P<end>[$€£%]?|/[-=])")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(M[0-9]{3})+|[1-9][0-9]?(M[0-9][0-9])+M[0-9]{3}".replace("M", "[.,]"))
"""Digits in groups, as most of the world writes them or as India does: 1,100,000 or 11,00,000."""


def value_of(written: str) -> float | None:
    """What a number as it is written amounts to, without its unit: "12.5" is 12.5, "$5" and "5%" are 5.

    None where it can be read in two ways: in "6,300" the comma may part thousands or be a decimal one. In "1,250.00",
    "0,125", "1234,567", "1.250.000" and "12,5" there is one way. "/-" or "/=" behind a number says that it is an amount
    of money, whose decimals are never three. None, too, for dates, times, fractions, and more than MAX_EXACT_DIGITS.
    """
    amount = _AMOUNT.fullmatch(written)
    if amount is None or sum(c in "+-" for c in amount["lead"]) > 1 or len(set("$€£") & set(written)) > 1:
        return None
    parts = _parts(amount["body"], is_money=amount["end"].startswith("/"))
    if parts is None or sum(map(len, parts)) > MAX_EXACT_DIGITS:
        return None
    value = float(".".join(parts))
    return -value if "-" in amount["lead"] else value


def _parts(body: str, is_money: bool) -> tuple[str, str] | None:
    """The digits before and after the decimal mark of digits with marks; None where they cannot be told for sure."""
    marks = re.findall("[.,]", body)
    if not marks:
        return body, ""
    if len(set(marks)) == 1 and _THOUSANDS.fullmatch(body):
        return (_digits(body), "") if len(marks) > 1 or is_money else None
    whole, _, decimals = body.rpartition(marks[-1])
    if not decimals or marks[-1] in marks[:-1] or (len(marks) > 1 and not _THOUSANDS.fullmatch(whole)):
        return None
    return _digits(whole), decimals


def _digits(text: str) -> str:
    return re.sub("[.,]", "", text)
