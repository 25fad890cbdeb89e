"""Kinds of pages with arithmetic: rows, columns of figures with a rule below, long divisions, drawings on a canvas."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.glyphs.signs import curve, line
from digit_scenes.ink.composition import values
from digit_scenes.ink.composition.composer import Composer, RowOfRuns
from digit_scenes.ink.composition.numbers import WrittenNumber
from digit_scenes.ink.composition.page import Run

MAX_SIGN_GAP = 0.5
"""A sign nearer before a number, in heights of a digit, is its own, also in a column."""


def operator_gap(rng: np.random.Generator) -> float:
    """How far somebody sets numbers and the signs between them apart, in heights of a digit."""
    return float(rng.choice([rng.uniform(0.03, 0.16), rng.uniform(0.1, 0.4), rng.uniform(0.35, 0.9)]))


def term_row(page: Composer, text: str, gap: float) -> RowOfRuns:
    """A row of runs that are parted by spaces in a text."""
    return page.row(text.split(), gap, 0.2)


def equations(page: Composer) -> None:
    """Sums, one below the other."""
    rng = page.rng
    gap, apart = operator_gap(rng), float(rng.uniform(1.8, 3.5))
    count = 2 if happens(rng, 0.12) else 1
    rows = []
    for _ in range(page.row_count):
        row: list[tuple[float, Run]] = []
        for _ in range(count):
            runs = term_row(page, values.equation(rng), gap)
            if runs:
                row += [(apart, runs[0][1]), *runs[1:]]
        rows.append(row)
    page.block(rows)


def worksheet(page: Composer) -> None:
    """Sums in columns side by side, with what comes out or with room for it."""
    rng = page.rng
    pitch, spacing, squared = _columns_and_rows(page)
    count, most = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    apart = np.ceil(most + 2.5) if squared else most + float(rng.uniform(2.2, 3.0))
    height = min(page.height, page.size[1] * 0.95 / (count * apart * pitch), page.size[0] * 0.9 / (3 * spacing + 0.3))
    x = float(rng.uniform(0, page.size[1] - count * apart * pitch * height)) + (apart - 0.5) * pitch * height
    y = float(rng.uniform(0, page.size[0] - (3 * spacing + 0.3) * height)) + 1.1 * height
    if squared:
        page.rule_squares(x + pitch / 2 * height, y + (pitch - 1) / 2 * height, pitch * height)
    below = 2 * spacing + (0.0 if squared else 0.2)
    rows = [page.new_row(y + (row - 0.5) * height) for row in (0.0, spacing, below)]
    sign = values.pick(rng, ("+", "-", "×"))
    done = happens(rng, 0.6)
    for index in range(count):
        right = x + index * apart * pitch * height
        a, b = sorted((int(rng.integers(1, 10**most)), int(rng.integers(1, 10**most))), reverse=True)
        value = a + b if sign == "+" else a - b if sign == "-" else a * b % 10**most
        page.columns(str(a), right, y, height, pitch, rows[0])
        page.columns(str(b), right, y + spacing * height, height, pitch, rows[1])
        left = right - (most + 0.4) * pitch * height
        run = page.run(sign)
        if run:
            page.put(run, left - run.width * height / 2, y + spacing * height, height)
        ruled = y + (spacing + ((pitch - 1) / 2 if squared else 0.3)) * height
        page.draw([line(rng, (left, ruled), (right + 0.5 * height, ruled), 0.01)], height)
        if done or happens(rng, 0.3):
            page.columns(str(value), right, y + below * height, height, pitch, rows[2])
    page.page.told = False  # a sign may stand before its number, or further off


def canvas(page: Composer) -> None:
    """Two or three numbers with signs between them, large, and nothing else."""
    rng = page.rng
    gap = float(rng.uniform(0.12, 0.7))
    kind = rng.uniform()
    if kind < 0.5:
        text, value = values.sum_of_two(rng)
        if happens(rng, 0.4) or "/" in text or ":" in text:
            text = f"{text} = {values.shown(value)}"
    elif kind < 0.8:
        numbers = [str(rng.integers(0, 10 ** int(rng.integers(1, 3)))) for _ in range(3)]
        signs = [values.pick(rng, ("+", "-", "×", "÷")) for _ in range(2)]
        text = f"{numbers[0]} {signs[0]} {numbers[1]} {signs[1]} {numbers[2]}"
    else:
        text = " ".join(values.figures(rng, 1) for _ in range(int(rng.integers(1, 4))))
        gap = float(rng.uniform(1.2, 1.6))
    rows = [term_row(page, text, gap)]
    if happens(rng, 0.25):
        rows.append(term_row(page, values.pick(rng, (values.equation(rng), values.figures(rng, 1))), gap))
    page.block(rows)


def column_sum(page: Composer) -> None:
    """Numbers below each other, a rule, and what comes out; now and then two of them side by side."""
    rng = page.rng
    kind = values.pick(rng, ("+", "-", "×"), (0.55, 0.25, 0.2))
    count = int(rng.integers(2, 6)) if kind == "+" else 2
    most = int(rng.integers(2, 6))
    numbers = [int(rng.integers(1, 10**most)) for _ in range(count)]
    if kind == "-":
        numbers = sorted(numbers, reverse=True)
    partial = []
    if kind == "×":
        numbers[1] %= 1000
        digits = [int(d) for d in reversed(str(numbers[1]))]
        partial = [str(numbers[0] * d) + " " * k for k, d in enumerate(digits)] if len(digits) > 1 else []
    value = sum(numbers) if kind == "+" else numbers[0] - numbers[1] if kind == "-" else numbers[0] * numbers[1]
    decimals = int(rng.choice([0, 0, 0, 1, 2]))
    point = values.pick(rng, (".", ","))

    def shown(number: int) -> str:
        return (
            str(number) if not decimals or kind == "×" else f"{number / 10**decimals:.{decimals}f}".replace(".", point)
        )

    texts = [shown(number) for number in numbers]
    below = [*partial, shown(value)] if happens(rng, 0.85) else []
    _column(page, texts, kind, below, len(partial))


def _columns_and_rows(page: Composer) -> tuple[float, float, bool]:
    """From column to column and from row to row, heights of a digit, and whether the paper's squares say so."""
    rng = page.rng
    if not happens(rng, page.ruled):
        return float(rng.uniform(0.75, 1.1)), float(rng.uniform(1.3, 1.8)), False
    if happens(rng, 0.6):
        side = float(rng.uniform(1.2, 1.7))
        return side, side, True
    side = float(rng.uniform(0.75, 1.0))
    return side, 2 * side, True


def _column(page: Composer, texts: list[str], sign: str, below: list[str], partial: int) -> None:
    """The rows of a sum in columns. partial: how many of the rows below the rule come before another rule."""
    rng = page.rng
    pitch, spacing, squared = _columns_and_rows(page)
    columns = max(map(len, (*texts, *below))) + 1.5
    rows = len(texts) + len(below)
    height = min(page.height, page.size[1] * 0.92 / (columns * pitch), page.size[0] * 0.92 / (rows * spacing + 0.4))
    wide, high = columns * pitch * height, (rows * spacing + 0.3) * height
    x = float(rng.uniform(0, page.size[1] - wide)) + wide - pitch * height / 2
    y = float(rng.uniform(0, page.size[0] - high)) + height * 1.1
    left = x - (columns - 1) * pitch * height
    if squared:
        page.rule_squares(x + pitch / 2 * height, y + (pitch - 1) / 2 * height, pitch * height)

    def rule(at: float) -> None:
        start, end = left - rng.uniform(0, 0.3) * height, x + rng.uniform(0.4, 0.9) * height
        page.draw([line(rng, (start, at + rng.normal(0, 0.03) * height), (end, at), 0.01)], height)

    before_last = happens(rng, 0.8)
    for index, text in enumerate(texts):
        own = page.new_row(y - height / 2)
        start = page.columns(text, x, y, height, pitch, own)
        if index == len(texts) - 1 or (sign == "+" and not before_last and index):
            run = page.run(sign)
            if run:
                at = left - 0.3 * height if before_last else min(start, x) - (run.width + 0.25) * height
                page.put(run, at, y, height)
                if sign in "+-" and start - at - run.width * height < MAX_SIGN_GAP * height:
                    own.numbers = [(at, WrittenNumber(n.digits, sign + n.written)) for at, n in own.numbers]
        y += spacing * height
    ruled = y - (spacing - 0.32) * height
    if squared:
        ruled = y - (spacing - (pitch - 1) / 2) * height
    else:
        y += 0.2 * height
    rule(ruled)
    for index, text in enumerate(below):
        shift = len(text) - len(text.rstrip())
        page.columns(text.rstrip(), x - shift * pitch * height, y, height, pitch, page.new_row(y - height / 2))
        if partial and index == partial - 1:
            rule(y + ((pitch - 1) / 2 if squared else 0.3) * height)
            y += 0.0 if squared else 0.2 * height
        y += spacing * height


def long_division(page: Composer) -> None:
    """A division with its steps: the divisor left of a hook as in English, or behind points."""
    rng = page.rng
    divisor, quotient = int(rng.integers(2, 30)), int(rng.integers(3, 1000))
    dividend = str(divisor * quotient)
    pitch, spacing, squared = _columns_and_rows(page)
    english = happens(rng, 0.6)
    steps = _division_steps(dividend, divisor)[: int(rng.integers(2, 7))]
    left = len(str(divisor)) + 0.7 if english else 0.3
    right = 0.5 if english else len(str(divisor)) + len(str(quotient)) + 3.0
    rows = len(steps) + (2 if english else 1)
    height = min(
        page.height,
        page.size[1] * 0.92 / ((left + len(dividend) + right) * pitch),
        page.size[0] * 0.92 / (rows * spacing),
    )
    wide, high = (left + len(dividend) + right) * pitch * height, rows * spacing * height
    first = float(rng.uniform(0, page.size[1] - wide)) + (left + 0.5) * pitch * height
    y = float(rng.uniform(0, page.size[0] - high)) + height * 1.1
    last = first + (len(dividend) - 1) * pitch * height
    if squared:
        page.rule_squares(last + pitch / 2 * height, y + (pitch - 1) / 2 * height, pitch * height)
    if english:
        page.columns(str(quotient), last, y, height, pitch, page.new_row(y - height / 2))
        y += spacing * height
        head = y - (1.15 + 0.1 * rng.uniform()) * height
        edge = first - 0.62 * pitch * height
        foot = y + rng.uniform(0.05, 0.2) * height
        hook = curve(
            [[edge - 0.12 * height, foot], [edge + 0.08 * height, y - height / 2], [edge - 0.04 * height, head]]
        )
        bar = line(rng, (edge, head), (last + 0.7 * height, head + rng.normal(0, 0.02) * height), 0.01)
        page.draw([hook], height, ")")
        page.draw([bar], height)
    row = page.new_row(y - height / 2)
    page.columns(dividend, last, y, height, pitch, row)
    if english:
        page.columns(str(divisor), first - (0.9 + 0.3 * rng.uniform()) * pitch * height, y, height, pitch, row)
    else:
        x = last + 0.75 * height
        for text in (values.pick(rng, (":", "÷")), str(divisor), "=", str(quotient)):
            run = page.run(text)
            if run:
                page.put(run, x, y, height, row)
                x += (run.width + 0.3) * height
    for index, (text, end) in enumerate(steps):
        y += spacing * height
        at = first + end * pitch * height
        start = page.columns(text, at, y, height, pitch, page.new_row(y - height / 2))
        if index % 2 == 0:
            below = y + 0.27 * height
            page.draw([line(rng, (start - 0.2 * height, below), (at + 0.5 * height, below), 0.015)], height)


def _division_steps(dividend: str, divisor: int) -> list[tuple[str, int]]:
    """What is written below a dividend: products and what is left, each with the column of its last digit."""
    steps: list[tuple[str, int]] = []
    rest = 0
    begun = False
    for column, digit in enumerate(dividend):
        rest = rest * 10 + int(digit)
        if not begun and rest < divisor:
            continue
        if begun:
            steps.append((str(rest), column))
        begun = True
        product = rest // divisor * divisor
        steps.append((str(product), column))
        rest -= product
    steps.append((str(rest), len(dividend) - 1))
    return steps
