"""What a detector can find, by name: the digits, the signs in and beside numbers, and all other writing.

A label is an index into a detector's categories. The labels of digits are the digits themselves, whatever follows.
"""

from __future__ import annotations

DIGITS = tuple("0123456789")
"""The categories of a detector of digits alone, and the first ones of any other."""
SIGNS = (".", ",", "-", "+", "×", "÷", "/", "=", ":", "%", "(", ")", "$", "€", "£")
"""What stands in and beside numbers. The times sign is one also where it is written as the letter x between numbers."""
WRITING = "writing"
"""Letters, signs that are none of SIGNS, and scripts other than Latin, one box a glyph where glyphs are apart."""
CATEGORIES = (*DIGITS, *SIGNS, WRITING)
"""What the shipped detector finds, in the order of its labels."""
DIGIT_COUNT = len(DIGITS)


def checked(categories: tuple[str, ...]) -> tuple[str, ...]:
    """The categories of a detector. Raises ValueError where the digits do not come first, or a name comes twice."""
    if categories[:DIGIT_COUNT] != DIGITS or len(set(categories)) < len(categories) or not all(categories):
        raise ValueError(f"categories: expected 0 to 9, then other names, each once, got {categories}")
    return categories
