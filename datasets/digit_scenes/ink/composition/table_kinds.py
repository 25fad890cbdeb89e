"""Kinds of pages with a table: what people put into rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.rulings import FULL, LEVEL, NONE, UPRIGHT
from digit_scenes.ink.composition.tables import Plan, lay

Draw = Callable[[np.random.Generator], str]
LEFT, MIDDLE, RIGHT = 0.0, 0.5, 1.0

NAMES = ("Anna", "Ravi", "Chen", "Omar", "Lena", "Paul", "Maya", "Ivan", "Sara", "Tom", "Aylin", "Jo", "Kofi", "Zoe")
GOODS = ("Bread", "Milk", "Rice", "Tea", "Sugar", "Eggs", "Oil", "Soap", "Nails", "Paint", "Bolts", "Salt", "Coffee",
         "Pens", "Rope", "Lamp", "Bulbs", "Glue")  # fmt: skip
PLACES = ("Oslo", "Rome", "Paris", "Wien", "Lyon", "Bern", "Graz", "Ulm", "Delhi", "Lagos", "Quito", "Kyoto", "Leeds")
SUBJECTS = ("Maths", "Art", "Music", "Sport", "Latin", "French", "Bio", "Total", "Sum", "Grade")
MEASURES = ("km", "Litre", "Cost", "Qty", "Price", "Total", "Rate", "Max", "Min", "Score", "Set", "Run", "Hours", "kg")
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ABSENT = ("-", "-", "", "", "✓", "✗", "abs", "n/a", "x", "A", "B")


def _whole(low: int, high: int) -> Draw:
    return lambda rng: str(int(rng.integers(low, high + 1)))


def _digits(count: int) -> Draw:
    return lambda rng: "".join(map(str, rng.integers(0, 10, count)))


def _decimal(low: float, high: float, places: int, point: str) -> Draw:
    return lambda rng: f"{rng.uniform(low, high):.{places}f}".replace(".", point)


def _money(rng: np.random.Generator) -> Draw:
    sign, point = str(rng.choice(["", "", "", "$", "£", "€"])), str(rng.choice([".", ".", ","]))
    most, behind = float(rng.choice([9.0, 99.0, 999.0])), sign == "€" and happens(rng, 0.5)
    amount = _decimal(0.2, most, 2, point)
    return lambda rng: f"{amount(rng)}{sign}" if behind else f"{sign}{amount(rng)}"


def _time(rng: np.random.Generator) -> Draw:
    sign = str(rng.choice([":", ":", "."]))
    return lambda rng: f"{int(rng.integers(0, 24)):02d}{sign}{int(rng.integers(0, 60)):02d}"


def _date(rng: np.random.Generator) -> Draw:
    sign, year = str(rng.choice(["/", ".", "-"])), str(rng.choice(["", "98", "1998", "24", "2024", ""]))
    return lambda rng: sign.join(
        [str(int(rng.integers(1, 29))), f"{int(rng.integers(1, 13)):02d}", *([year] * bool(year))]
    )


def _any_column(rng: np.random.Generator) -> Draw:
    """What the numbers of one column are."""
    point = str(rng.choice([".", ".", ","]))
    kinds: tuple[Draw, ...] = (
        _whole(0, 9),
        _whole(0, 100),
        _whole(10, 99),
        _whole(100, 999),
        _whole(0, 9999),
        _digits(int(rng.integers(2, 5))),
        _decimal(0, 20, 1, point),
        _decimal(0, 100, 2, point),
        lambda rng: f"-{int(rng.integers(1, 40))}" if happens(rng, 0.4) else str(int(rng.integers(0, 40))),
        lambda rng: f"{int(rng.integers(0, 101))}%",
    )
    shares = np.array([0.16, 0.2, 0.2, 0.12, 0.06, 0.08, 0.08, 0.05, 0.03, 0.02])
    return kinds[int(rng.choice(len(kinds), p=shares))]


def _some(rng: np.random.Generator, words: Sequence[str], count: int) -> list[str]:
    """So many of the words, each once as long as they last."""
    order = [words[i] for i in rng.permutation(len(words))]
    return [order[i % len(order)] for i in range(count)]


def _in_rows(
    page: Composer, first: Sequence[str], columns: Sequence[Draw], headings: Sequence[str], missing: float, plan: Plan
) -> None:
    """A column of words or numbers, and columns of numbers, some of them missing. headings: one row, or none."""
    rng = page.rng
    rows = [
        [name, *(str(rng.choice(ABSENT)) if happens(rng, missing) else draw(rng) for draw in columns)] for name in first
    ]
    if headings:
        rows.insert(0, list(headings))
    lay(page, Plan(rows, plan.sides, int(bool(headings)), rulings=plan.rulings, crossed=plan.crossed))


def marks(page: Composer) -> None:
    """Who got how many points in what."""
    rng = page.rng
    count, subjects = int(rng.integers(3, 13)), int(rng.integers(1, 7))
    one = _any_column(rng)
    columns = [one if happens(rng, 0.7) else _any_column(rng) for _ in range(subjects)]
    names = [str(i + 1) for i in range(count)] if happens(rng, 0.25) else _some(rng, NAMES, count)
    words = ["Name", *_some(rng, SUBJECTS, subjects)] if happens(rng, 0.75) else []
    side = float(rng.choice([LEFT, MIDDLE, RIGHT]))
    missing = float(rng.choice([0.0, 0.1, 0.35]))
    _in_rows(page, names, columns, words, missing, Plan((), [LEFT] + [side] * subjects, crossed=_sometimes(rng)))


def logbook(page: Composer) -> None:
    """When, and how much of what."""
    rng = page.rng
    count, measures = int(rng.integers(3, 13)), int(rng.integers(1, 5))
    when = _time(rng) if happens(rng, 0.4) else _date(rng)
    columns = [_time(rng) if happens(rng, 0.2) else _any_column(rng) for _ in range(measures)]
    words = [str(rng.choice(["Date", "Time", "Day"])), *_some(rng, MEASURES, measures)] if happens(rng, 0.7) else []
    side = float(rng.choice([LEFT, RIGHT, RIGHT]))
    plan = Plan((), [LEFT] + [side] * measures, crossed=_sometimes(rng))
    _in_rows(page, [when(rng) for _ in range(count)], columns, words, float(rng.choice([0.0, 0.15])), plan)


def prices(page: Composer) -> None:
    """What costs how much."""
    rng = page.rng
    count = int(rng.integers(2, 13))
    columns = [_money(rng)]
    words = ["Item", "Price"]
    if happens(rng, 0.4):
        columns.insert(0, _whole(1, int(rng.choice([9, 50]))))
        words.insert(1, "Qty")
    if happens(rng, 0.25):
        columns.append(_money(rng))
        words.append("Total")
    plan = Plan((), [LEFT] + [RIGHT] * len(columns), rulings=str(rng.choice(["", LEVEL, NONE])))
    _in_rows(page, _some(rng, GOODS, count), columns, words if happens(rng, 0.5) else [], 0.02, plan)


def timetable(page: Composer) -> None:
    """When something leaves where."""
    rng = page.rng
    stops, runs = int(rng.integers(3, 12)), int(rng.integers(2, 8))
    leaves = _digits(4) if happens(rng, 0.15) else _time(rng)
    words = ["", *(str(int(rng.integers(1, 999))) for _ in range(runs))] if happens(rng, 0.4) else []
    plan = Plan((), [LEFT] + [MIDDLE] * runs, rulings=str(rng.choice(["", NONE, UPRIGHT])))
    _in_rows(page, _some(rng, PLACES, stops), [leaves] * runs, words, float(rng.choice([0.0, 0.12])), plan)


def grid(page: Composer) -> None:
    """Nothing but numbers, in cells that are often just as wide."""
    rng = page.rng
    rows, columns = int(rng.integers(2, 13)), int(rng.integers(2, 11))
    one = _any_column(rng)
    draws = [one if happens(rng, 0.8) else _any_column(rng) for _ in range(columns)]
    full = float(rng.choice([1.0, rng.uniform(0.4, 1.0)]))
    cells = [[draw(rng) if happens(rng, full) else "" for draw in draws] for _ in range(rows)]
    side = float(rng.choice([LEFT, MIDDLE, RIGHT]))
    rulings = str(rng.choice([FULL, FULL, FULL, UPRIGHT, ""]))
    lay(page, Plan(cells, [side] * columns, rulings=rulings, crossed=_sometimes(rng)))


def sudoku(page: Composer) -> None:
    """A sudoku, as it is given or partly solved; small ones, too."""
    rng = page.rng
    side, thick = ((9, (3, 3)), (6, (2, 3)), (4, (2, 2)))[int(rng.choice(3, p=[0.85, 0.08, 0.07]))]
    base = np.add.outer([(i % thick[0]) * thick[1] + i // thick[0] for i in range(side)], np.arange(side)) % side
    full = float(rng.uniform(0.25, 0.5) if happens(rng, 0.8) else rng.uniform(0.5, 1.0))
    names = rng.permutation(side) + 1
    cells = [[str(names[value]) if happens(rng, full) else "" for value in row] for row in base]
    lay(page, Plan(cells, [MIDDLE] * side, square=True, thick=thick, rulings=FULL))


def calendar(page: Composer) -> None:
    """A month by weeks."""
    rng = page.rng
    first, days = int(rng.integers(0, 7)), int(rng.integers(28, 32))
    numbers = [""] * first + [str(day) for day in range(1, days + 1)]
    numbers += [""] * (-len(numbers) % 7)
    weeks = [numbers[i : i + 7] for i in range(0, len(numbers), 7)]
    side = float(rng.choice([LEFT, MIDDLE, RIGHT]))
    rulings = str(rng.choice([FULL, FULL, NONE, LEVEL, ""]))
    words = [[day[: int(rng.choice([1, 2]))] for day in DAYS]] if happens(rng, 0.8) else []
    plan = Plan([*words, *weeks], [side] * 7, len(words), square=rulings == FULL, rulings=rulings)
    lay(page, plan)


def bingo(page: Composer) -> None:
    """A card of bingo or of lotto."""
    rng = page.rng
    if happens(rng, 0.6):
        numbers = [rng.permutation(15)[:5] + 1 + 15 * column for column in range(5)]
        cells = [[str(numbers[column][row]) for column in range(5)] for row in range(5)]
        cells[2][2] = str(rng.choice(["", "*", "x", "Free"]))
        if happens(rng, 0.6):
            cells.insert(0, list("BINGO"))
        lay(page, Plan(cells, [MIDDLE] * 5, len(cells) - 5, square=True, rulings=FULL))
        return
    cells = [["" for _ in range(9)] for _ in range(3)]
    for row in cells:
        for column in sorted(rng.permutation(9)[:5].tolist()):
            row[column] = str(int(rng.integers(max(1, 10 * column), 10 * column + 10)))
    lay(page, Plan(cells, [MIDDLE] * 9, square=True, rulings=FULL, crossed=_sometimes(rng)))


def wordy(page: Composer) -> None:
    """A table without any number: to be filled in, or of words, ticks and crosses."""
    rng = page.rng
    rows, columns = int(rng.integers(2, 10)), int(rng.integers(2, 7))
    names = _some(rng, [*NAMES, *GOODS, *PLACES], rows)
    filled = str(rng.choice(["", "ticks", "words"]))
    cells = [[name] for name in names]
    for row in cells:
        for _ in range(columns - 1):
            mark = str(rng.choice(ABSENT if filled == "ticks" else [*SUBJECTS, *PLACES, ""])) if filled else ""
            row.append(mark)
    words = ["", *_some(rng, [*SUBJECTS, *MEASURES, *MONTHS, *DAYS], columns - 1)]
    lay(page, Plan([words, *cells], [LEFT] + [MIDDLE] * (columns - 1), 1, crossed=_sometimes(rng)))


def _sometimes(rng: np.random.Generator) -> float:
    """Share of empty cells that are crossed out: mostly none."""
    return float(rng.uniform(0.1, 1.0)) if happens(rng, 0.15) else 0.0
