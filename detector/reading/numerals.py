"""Numbers as they stand there: which signs belong to which number, and how it is written with them. Pure geometry.

A line of digits comes parted into numbers. Signs on that line fall between two of its digits, before the first or
behind the last. Each says one of these things by what it is and where it stands:

- A low "." or ",", a "/" or a ":" between two digits is inside a number: 12.5, 1.250,00, 12/05/1998, 10:45. It joins
  two numbers where only a little room parts them, or a like one on both sides. "1, 2" with more room behind the comma
  is a list.
- Two or more "-" are inside a date or a number of many digits: 06-05-22. Any other between two numbers parts them:
  3-4 is a sum.
- "+", "×", "÷", "=", "(" and ")" part numbers and belong to none. On a line with such a sum, so do "/", ":" and "-".
- "-" and "+" close in front of a number belong to it, unless another number stands before them. On a line with no
  sum, only one that stands directly before a "-" counts.
- "$", "€" and "£" belong to the number that they are close to, before or behind it: $5, 5€.
- "%", "/-" and "/=" close behind a number belong to it: 12%, 110,000/-.

Whatever else there is stays on the page alone. So does a point at the end of a number, which ends a sentence or counts
a row, and one before a number, which ends an abbreviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from detector.reading.reading_order import median
from detector.reading.signs import BLOCK_SIGNS, LOW_MARKS, symbol_of
from detector.rotation import turned_boxes
from detector.types import Float64Array, Line, Number, Sign

CURRENCIES = "$€£"
SEEN_THROUGH = ".,("  # what may stand between a number and a sign that reckons with it
SUMS = "×÷="  # a line with one of these reckons
MIN_DASHES, MIN_DASHED_DIGITS = 2, 7  # in a number that is no date

# In heights of the digits beside a sign
MAX_AWAY_HEIGHTS = 1.2  # from the nearest digit, for a sign that is on its line
MAX_JOINED_SPACE_HEIGHTS = {".": 0.8, ",": 0.45, "/": 0.55, ":": 0.55, "-": 0.55}  # beside a sign that joins numbers
MAX_EVEN_SPACE_HEIGHTS, EVEN_RATIO = 1.0, 1.6  # likewise where the spaces on both sides differ by no more than this
MAX_FRONT_SPACE_HEIGHTS = {"-": 0.45, "+": 0.3}  # between it and the number behind it; in columns it stands apart
MAX_UNIT_SPACE_HEIGHTS = 1.0  # between a number and its unit
MIN_APART_HEIGHTS = 1.0  # a number this far before a "-" does not stand directly before it, ...
APART_RATIO = 2.0  # ... if the one behind it is so many times nearer

LOW_MIDDLE = 0.25  # of a digit's width: a low mark that far in stands behind it, as digits lean and reach over marks

# Where the middle of a sign has to lie, in heights of a digit below the middle of the digits beside it, and its size
USUAL_DEPTH = {".": 0.45, ",": 0.5}
DEPTHS = {".": (0.1, 0.85), ",": (0.1, 1.0), "-": (-0.35, 0.35), ":": (-0.35, 0.45)}
MAX_DEPTH = 0.6  # up or down, for all others
MAX_SIZES = {".": (0.6, 0.6), ",": (0.7, 0.85), "-": (1.6, 0.6), ":": (1.0, 1.3)}  # width and height, ...
MAX_SIZE = (2.0, 2.2)  # ... and of all others


def written_with(lines: Sequence[Line], signs: Sequence[Sign], turned: int = 0) -> tuple[Line, ...]:
    """The lines, in their order, with each number as it stands there; parted and joined where signs say so.

    lines: as `read_lines` gives them. turned: as of the detections that lines and signs were read in. No digit goes,
    and none comes. The order of signs does not matter.
    """
    if not lines or not signs:
        return tuple(lines)
    rows = [_Row.of(line, turned) for line in lines]
    for sign, row in zip(signs, _nearest_rows(rows, signs, turned), strict=True):
        if row >= 0:
            rows[row].add(sign, turned)
    return tuple(row.written() if any(row.slots) else line for row, line in zip(rows, lines, strict=True))


def _nearest_rows(rows: Sequence[_Row], signs: Sequence[Sign], turned: int) -> list[int]:
    """The index of the row that each sign is on, -1 for none: that of the digit which it is nearest to."""
    digits = np.concatenate([row.boxes for row in rows])  # (D, 4)
    of_row = np.repeat(np.arange(len(rows)), [len(row.boxes) for row in rows])  # (D,)
    heights, middles = digits[:, 3] - digits[:, 1], (digits[:, 1] + digits[:, 3]) / 2  # (D,)
    boxes = turned_boxes(np.array([sign.box for sign in signs], np.float64), turned)  # (S, 4)
    usual = np.array([USUAL_DEPTH.get(symbol_of(sign.category) or "", 0.0) for sign in signs])  # (S,)
    nearest = []
    for start in range(0, len(signs), BLOCK_SIGNS):
        some = slice(start, start + BLOCK_SIGNS)
        x0, y0, x1, y1 = boxes[some].T[:, :, None]  # (K, 1) each
        away = np.maximum(np.maximum(digits[:, 0] - x1, x0 - digits[:, 2]), 0) / heights  # (K, D)
        depth = ((y0 + y1) / 2 - middles) / heights
        cost = away + np.abs(depth - usual[some, None])
        cost[(away > MAX_AWAY_HEIGHTS) | (np.abs(depth) > 1 + MAX_DEPTH)] = np.inf
        best = cost.argmin(axis=1)  # (K,)
        near = np.isfinite(cost[np.arange(len(best)), best])
        nearest += np.where(near, of_row[best], -1).tolist()
    return nearest


@dataclass(frozen=True)
class _Placed:
    """A sign of a known meaning that lies where such a sign may lie."""

    sign: Sign
    symbol: str
    x0: float
    x1: float


@dataclass(frozen=True)
class _Slot:
    """What stands between two digits of a line, or beside its first or last one."""

    signs: tuple[_Placed, ...] = ()
    """Left to right."""
    left: float = -np.inf
    """Where the digit before it ends, pixels."""
    right: float = np.inf
    """Where the digit behind it begins, pixels."""
    height: float = 1.0
    """Of the digits beside it, pixels."""
    behind: tuple[_Placed, ...] = ()
    """Its first signs, where they belong to the number before it."""
    before: tuple[_Placed, ...] = ()
    """Its last signs, where they belong to the number behind it."""

    def joins(self, placed: _Placed) -> bool:
        """Whether the digits on both sides are so near this sign that they are of one number."""
        less, more = sorted(((placed.x0 - self.left) / self.height, (self.right - placed.x1) / self.height))
        even = more <= MAX_EVEN_SPACE_HEIGHTS and more <= EVEN_RATIO * less
        return even or more <= MAX_JOINED_SPACE_HEIGHTS.get(placed.symbol, 0.0)

    def with_behind(self, parted: bool) -> _Slot:
        """The same with the unit of the number before it, if it has one. parted: whether numbers are parted here."""
        first, second = (*self.signs, None, None)[:2]
        if first is None or first.x0 - self.left > MAX_UNIT_SPACE_HEIGHTS * self.height:
            return self
        if second is not None and first.symbol + second.symbol in ("/-", "/="):
            near = second.x0 - first.x1 <= MAX_UNIT_SPACE_HEIGHTS * self.height
            return replace(self, behind=(first, second)) if near and parted else self
        nearer = APART_RATIO * (first.x0 - self.left) < self.right - first.x1
        if first.symbol == "%" or (first.symbol in CURRENCIES and nearer):
            return replace(self, behind=(first,))
        return self

    def with_before(self, is_sum: bool) -> _Slot:
        """The same with the signs that belong to the number behind it. is_sum: whether the line reckons."""
        edge, taken = self.right, len(self.signs)
        for i in range(len(self.signs) - 1, len(self.behind) - 1, -1):
            placed = self.signs[i]
            symbols = CURRENCIES if placed.symbol in CURRENCIES else "+-"
            room = MAX_FRONT_SPACE_HEIGHTS.get(placed.symbol, MAX_UNIT_SPACE_HEIGHTS) * self.height
            once = not any(other.symbol in symbols for other in self.signs[taken:])
            if placed.symbol not in symbols or edge - placed.x1 > room or not once:
                break
            if symbols == "+-" and self.follows_number(i, is_sum):
                break
            edge, taken = placed.x0, i
        return replace(self, before=self.signs[taken:])

    def follows_number(self, index: int, is_sum: bool = False) -> bool:
        """Whether the sign of this index stands between two numbers, and not in front of one.

        A number before it counts in a sum, and before a "+". Before a "-" it has to stand directly there.
        """
        earlier = [placed.symbol for placed in self.signs[:index] if placed.symbol not in SEEN_THROUGH]
        if len(self.behind) == index > 0 or earlier[-1:] in ([")"], ["%"]):
            return True
        if earlier or self.left == -np.inf:
            return False
        placed = self.signs[index]
        if is_sum or placed.symbol == "+":
            return True
        space, behind = placed.x0 - self.left, self.right - placed.x1
        return space <= max(MIN_APART_HEIGHTS * self.height, APART_RATIO * behind)


class _Row:
    """A line with the signs on it. slots: one before each of its digits, and one behind the last."""

    def __init__(self, line: Line, boxes: Float64Array) -> None:
        self.line, self.boxes = line, boxes
        self.digits = [digit for number in line.numbers for digit in number.digits]
        self.parted = [i == 0 for number in line.numbers for i in range(len(number.digits))] + [
            True
        ]  # before each, at last
        self.middles = (boxes[:, :2] + boxes[:, 2:]) / 2  # (D, 2)
        self.heights = boxes[:, 3] - boxes[:, 1]  # (D,)
        self.slots: list[list[_Placed]] = [[] for _ in range(len(self.digits) + 1)]

    @classmethod
    def of(cls, line: Line, turned: int) -> _Row:
        boxes = np.array([digit.box for number in line.numbers for digit in number.digits], np.float64)
        return cls(line, turned_boxes(boxes, turned).astype(np.float64))

    def add(self, sign: Sign, turned: int) -> None:
        """Put a sign into its slot, if it has a meaning and lies where such a sign may lie."""
        symbol = symbol_of(sign.category)
        ((x0, y0, x1, y1),) = turned_boxes(np.array([sign.box]), turned).tolist()
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        shares = LOW_MIDDLE if symbol and symbol in LOW_MARKS else 0.5  # of a digit's width
        slot = int((self.boxes[:, 0] + shares * (self.boxes[:, 2] - self.boxes[:, 0]) < x).sum())
        depth, height = (y - self.middle(x, slot)), self.height(slot)
        least, most = DEPTHS.get(symbol or "", (-MAX_DEPTH, MAX_DEPTH))
        width_limit, height_limit = MAX_SIZES.get(symbol or "", MAX_SIZE)
        fits = x1 - x0 <= width_limit * height and y1 - y0 <= height_limit * height
        if symbol and fits and least * height <= depth <= most * height:
            self.slots[slot].append(_Placed(sign, symbol, x0, x1))

    def height(self, slot: int) -> float:
        return float(self.heights[max(0, slot - 1) : slot + 1].mean())

    def middle(self, x: float, slot: int) -> float:
        """How far down the middle of the line is at x, by the digits beside a slot."""
        if 0 < slot < len(self.digits):
            beside = self.middles[slot - 1 : slot + 1]
            return float(np.interp(x, beside[:, 0], beside[:, 1]))
        beside_x, beside_y = self.middles[0 if slot == 0 else -1]
        across, down = self.middles[-1] - self.middles[0]
        return float(beside_y + (x - beside_x) * down / max(across, 2 * median(self.heights)))

    def written(self) -> Line:
        """The line that the signs make of it."""
        slots = self.read_slots()
        is_sum = _is_sum(slots)
        inside = self.inside(slots, is_sum)
        starts = [i for i in range(len(self.digits)) if i not in inside and (self.parted[i] or slots[i].signs)]
        known = {number.digits: number for number in self.line.numbers}  # their scores may tell more than of digits
        numbers = []
        for start, end in pairwise([*starts, len(self.digits)]):
            placed = list(slots[start].with_before(is_sum).before)
            text = "".join(one.symbol for one in placed)
            for i in range(start, end):
                if i in inside:
                    placed.append(inside[i])
                    text += inside[i].symbol
                text += str(self.digits[i].digit)
            text += "".join(one.symbol for one in slots[end].behind)
            placed += slots[end].behind
            number = Number.of(self.digits[start:end])
            numbers.append(replace(known.get(number.digits, number), written=text, signs=tuple(p.sign for p in placed)))
        return Line.of(numbers)

    def read_slots(self) -> list[_Slot]:
        """Each slot with the units that belong to the number before it."""
        last = len(self.digits)
        slots = []
        for i, placed in enumerate(self.slots):
            left = float(self.boxes[i - 1, 2]) if i > 0 else -np.inf
            right = float(self.boxes[i, 0]) if i < last else np.inf
            ordered = sorted(placed, key=lambda one: (one.x0, one.x1, one.symbol, one.sign.score))
            slots.append(_Slot(tuple(ordered), left, right, self.height(i)).with_behind(i == last or self.parted[i]))
        return slots

    def inside(self, slots: Sequence[_Slot], is_sum: bool) -> dict[int, _Placed]:
        """The signs that stand inside numbers, by their slots."""
        joining = set(LOW_MARKS if is_sum else f"{LOW_MARKS}/:")
        inside: dict[int, _Placed] = {}
        start, dashes = 0, dict[int, _Placed]()  # where what may be one number began, and those in it
        for i, slot in enumerate(slots[1:], 1):
            if not slot.signs and not self.parted[i]:
                continue
            best = max(slot.signs, key=lambda one: (one.sign.score, one.symbol), default=None)
            if best and not slot.behind and (not self.parted[i] or slot.joins(best)):
                symbols = [one.symbol for one in slot.signs]
                if joining.issuperset(symbols):
                    inside[i] = best
                    continue
                if symbols == ["-"] and not is_sum:
                    dashes[i] = best
                    continue
            inside |= dashes if _is_dashed([b - a for a, b in pairwise([start, *dashes, i])]) else {}  # it ends here
            start, dashes = i, {}
        return inside


def _is_dashed(groups: Sequence[int]) -> bool:
    """Whether so many digits before, between and behind dashes are a date, or too many to be reckoned with."""
    if len(groups) <= MIN_DASHES:
        return False
    is_date = len(groups) == 3 and sorted(groups)[1] <= 2 and (groups[0] == 4 or groups[2] in (2, 4))
    return is_date or sum(groups) >= MIN_DASHED_DIGITS


def _is_sum(slots: Sequence[_Slot]) -> bool:
    """Whether a line reckons, so that its slashes, colons and dashes do, too."""
    return any(
        one.symbol in SUMS or (one.symbol == "+" and slot.follows_number(i))
        for slot in slots
        for i, one in enumerate(slot.signs)
        if i >= len(slot.behind)
    )
