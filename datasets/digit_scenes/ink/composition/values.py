"""Numbers, sums and terms as people write them. A space stands where somebody leaves a gap between two runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNKNOWNS = tuple("xxxyyanatckmpAXYTV")
"""Letters that stand for numbers; none that could be a digit."""


def pick(rng: np.random.Generator, choices: Sequence[str], weights: Sequence[float] | None = None) -> str:
    """One of some texts."""
    if weights is None:
        return choices[int(rng.integers(len(choices)))]
    shares = np.cumsum(weights)
    return choices[min(int(np.searchsorted(shares, rng.uniform() * shares[-1])), len(choices) - 1)]


def figures(rng: np.random.Generator, count: int) -> str:
    """So many digits."""
    return "".join(map(str, rng.integers(0, 10, count).tolist()))


def whole(rng: np.random.Generator, longest: int = 6) -> str:
    """A whole number of up to so many digits, short ones most often; seldom with a 0 in front."""
    text = figures(rng, 1 + int(longest * rng.uniform() ** 1.6))
    return text if len(text) == 1 or text[0] != "0" or rng.uniform() < 0.2 else str(rng.integers(1, 10)) + text[1:]


def grouped(rng: np.random.Generator, point: str) -> str:
    """A number of four to seven digits, grouped by threes."""
    return f"{int(rng.integers(1000, 10 ** int(rng.integers(4, 8)))):,}".replace(",", point)


def decimal(rng: np.random.Generator, point: str = ".") -> str:
    """A number with one to three decimals."""
    return whole(rng, 3) + point + figures(rng, int(rng.integers(1, 4)))


def any_number(rng: np.random.Generator) -> str:
    """A whole number, a decimal, or one grouped by threes."""
    kind = rng.uniform()
    if kind < 0.6:
        return whole(rng)
    point = pick(rng, (".", ","))
    return decimal(rng, point) if kind < 0.85 else grouped(rng, point)


def amount(rng: np.random.Generator) -> str:
    """Money, with the sign of a currency or the strokes that end an amount, or neither."""
    point = pick(rng, (".", ","))
    other = "," if point == "." else "."
    number = pick(rng, (whole(rng, 4), grouped(rng, other), whole(rng, 3) + point + figures(rng, 2)))
    if rng.uniform() < 0.2:
        number = grouped(rng, other) + point + figures(rng, 2)
    forms = ("{}", "{}/-", "${}", "{} €", "€{}", "£{}", "{}$", "{},-", "{}.-")
    return pick(rng, forms, (5, 2, 3, 2, 1, 1, 0.5, 1, 0.5)).format(number)


def date(rng: np.random.Generator) -> str:
    """A date, with a year or without."""
    mark = pick(rng, ("/", "/", ".", "-"))
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1940, 2030))
    parts = [f"{day:02d}", f"{month:02d}"] if rng.uniform() < 0.6 else [str(day), str(month)]
    kind = rng.uniform()
    if kind < 0.8:
        parts.append(str(year) if kind < 0.5 else f"{year % 100:02d}")
    return mark.join(parts)


def clock(rng: np.random.Generator) -> str:
    """A time of the day."""
    hour = f"{int(rng.integers(0, 24)):{pick(rng, ('d', '02d'))}}"
    return f"{hour}{pick(rng, (':', ':', '.'))}{int(rng.integers(60)):02d}"


def small(rng: np.random.Generator) -> int:
    """A number to reckon with: most often one of one or two digits."""
    return int(rng.integers(1, 10 ** int(rng.choice([1, 1, 2, 2, 3]))))


def shown(value: float) -> str:
    """A result: whole where it is whole, with two decimals at most otherwise."""
    return str(round(value)) if abs(value - round(value)) < 1e-9 else f"{value:.2f}".rstrip("0").rstrip(".")


def sum_of_two(rng: np.random.Generator) -> tuple[str, float]:
    """Two numbers and a sign between them, "12 + 34", and what comes out."""
    a, b = small(rng), small(rng)
    kind = pick(rng, ("+", "-", "×", "÷", ":", "/"), (0.27, 0.2, 0.22, 0.16, 0.06, 0.09))
    if kind == "+":
        return f"{a} + {b}", a + b
    if kind == "-":
        return f"{max(a, b)} - {min(a, b)}", abs(a - b)
    if kind == "×":
        return f"{a} × {b}", a * b
    b = int(rng.integers(2, 13))
    return f"{a * b} {kind} {b}", a


def equation(rng: np.random.Generator) -> str:
    """A sum with what comes out, or without."""
    kind = rng.uniform()
    if kind < 0.5:
        left, value = sum_of_two(rng)
    elif kind < 0.65:
        numbers = [small(rng) for _ in range(int(rng.integers(3, 5)))]
        left, value = " + ".join(map(str, numbers)), sum(numbers)
    elif kind < 0.8:
        inner, value = sum_of_two(rng)
        factor = int(rng.integers(2, 12))
        value *= factor
        left = f"({inner}) × {factor}" if rng.uniform() < 0.7 else f"{factor}({inner})"
    elif kind < 0.9:
        point = pick(rng, (".", ","))
        a, b = (float(f"{rng.uniform(0, 30):.{int(rng.integers(1, 3))}f}") for _ in range(2))
        return f"{shown(a)} + {shown(b)} = {shown(round(a + b, 2))}".replace(".", point)
    else:
        a, b = small(rng), small(rng)
        left, value = f"-{a} + {b}", b - a
    end = rng.uniform()
    if end < 0.7 or (end >= 0.85 and ("/" in left or ":" in left)):  # which would be a number as it is written
        return f"{left} = {shown(value)}"
    return f"{left} =" if end < 0.85 else left


def term(rng: np.random.Generator) -> str:
    """Something with an unknown: "x + 5", "2x - 3y", "3(x - 2)"."""
    x, y = pick(rng, UNKNOWNS), pick(rng, UNKNOWNS)
    a, b = int(rng.integers(2, 20)), small(rng)
    sign = pick(rng, ("+", "-"))
    forms = (f"{x} {sign} {b}", f"{a}{x} {sign} {b}", f"{a}{x} {sign} {b}{y}", f"{a}({x} {sign} {b})", f"{a}{x}")
    return pick(rng, forms)


def with_unknown(rng: np.random.Generator) -> str:
    """An equation with an unknown, a value of one, or a row that goes on with an equals sign."""
    x, sign = pick(rng, UNKNOWNS), pick(rng, ("=", "=", "=", "<", ">"))
    kind = rng.uniform()
    if kind < 0.5:
        return f"{term(rng)} {sign} {shown(small(rng))}"
    if kind < 0.75:
        return f"{x} {sign} {pick(rng, ('', '', '-'))}{any_number(rng)}"
    if kind < 0.85:
        return f"{x} = {term(rng)}"
    return f"= {term(rng)}" if kind < 0.93 else f"= {small(rng)}"
