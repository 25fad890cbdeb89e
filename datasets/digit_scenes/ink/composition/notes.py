"""Kinds of pages of numbers: one below the other, with a word or none, rows of single digits."""

from __future__ import annotations

from digit_scenes.chance import happens
from digit_scenes.ink.composition import values
from digit_scenes.ink.composition.composer import Composer

_WORDS = (
    "total page room line date name unit price cash paid rent milk bread eggs sugar tax sum net gross no nr pos "
    "art north south west east week day hours km kg cm mm ml pcs box order item rate min max avg age height "
    "weight temp phone fax tel from until code street floor class team score points left right width depth "
    "sheet lot "
)
WORDS = _WORDS.split()
"""What stands before numbers or after them."""


def numbers(page: Composer) -> None:
    """A number a row, or a few."""
    count = int(page.rng.choice(3, p=[0.6, 0.25, 0.15])) + 1
    page.block([page.row([values.any_number(page.rng) for _ in range(count)], 1.5, 0.1) for _ in range(page.row_count)])


def worded(page: Composer) -> None:
    """Rows of a word and a number."""
    rng = page.rng
    gap = float(rng.uniform(0.5, 1.2))
    colon = ":" if happens(rng, 0.3) else ""
    behind = happens(rng, 0.3)
    rows = []
    for _ in range(page.row_count):
        word = values.pick(rng, WORDS)
        word = word.upper() if happens(rng, 0.2) else word.capitalize() if happens(rng, 0.3) else word
        number = values.pick(
            rng,
            (
                values.any_number(rng),
                values.amount(rng),
                values.date(rng),
                values.clock(rng),
                f"{values.whole(rng, 2)}%",
                f"{values.pick(rng, '$€£')}{values.any_number(rng)}",
            ),
            (5, 2, 1, 1, 1, 1),
        )
        rows.append(page.row([number, word] if behind else [word + colon, number], gap))
    page.block(rows)


SIGN_WEIGHTS = dict(zip(".,-+×÷/=:%()$€£", (1, 1, 1, 1, 2, 2, 2, 1, 1.5, 2, 1, 1, 2, 2, 2), strict=True))
"""How often signs come by themselves: those most often that are rare in sums."""


def practice(page: Composer) -> None:
    """Digits and signs by themselves, in no order."""
    rng = page.rng
    gap = float(rng.uniform(0.25, 1.0))
    signs, weights = tuple(SIGN_WEIGHTS), tuple(SIGN_WEIGHTS.values())
    share = float(rng.choice([0.5, 0.8, 1.0]))
    length = int(rng.integers(2, 9))
    rows = [
        page.row(
            [
                values.pick(rng, signs, weights) if happens(rng, share) else values.figures(rng, 1)
                for _ in range(length)
            ],
            gap,
            0.15,
        )
        for _ in range(page.row_count)
    ]
    page.block(rows)
    page.page.told = False  # nothing says what belongs to what


def all_digits(page: Composer) -> None:
    """Rows of all ten digits in order, or of one digit again and again, as for practice; read as one number a row."""
    rng = page.rng
    gap = float(rng.uniform(0.2, 0.75))
    rows = []
    for _ in range(page.row_count):
        text = values.pick(rng, ("1234567890", "0123456789", values.figures(rng, 1) * int(rng.integers(4, 11))))
        rows.append(page.row(list(text), gap, 0.1))
    page.block(rows)
    page.page.told = False  # as one number or as ten, as the gaps are
