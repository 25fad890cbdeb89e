"""Kinds of boards: street and shop signs, posters, logos, keyboards and keypads."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition import shapes
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.labels import LABEL_DIGITLESS, Line, centred
from digit_scenes.ink.composition.page import Row
from digit_scenes.ink.composition.text import write
from digit_scenes.texts.languages import any_language, pick
from digit_scenes.texts.things import (
    CITIES,
    PRODUCTS,
    STREETS,
    TOWN_WORDS,
    amount,
    clock,
    code,
    digits,
    measure,
    person,
    phone,
)

KEYBOARDS = (
    "QWERTYUIOP ASDFGHJKL ZXCVBNM",
    "AZERTYUIOP QSDFGHJKLM WXCVBN",
    "QWERTZUIOP ASDFGHJKL YXCVBNM",
    "ABCDEFG HIJKLMN OPQRSTU",
)
"""Rows of letters."""
KEYPAD_LETTERS = ("", "ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ", "*", "", "#")
"""On telephones, by key."""
SALES = "SALE|NEW|-{} %|{} % OFF|OPEN {} h|No. {}|Bus {}|Gate {}|{} km|{} min|P {} h|Exit {}|Platform {}|MAX {} t|{} +"
"""Short texts of signs; braces stand for a number."""


def _area(page: Composer, least: float) -> shapes.Area:
    """A part of the page at least so large, as a share of each side."""
    rng, (height, width) = page.rng, page.size
    w, h = float(rng.uniform(least, 1.0)) * width, float(rng.uniform(least, 1.0)) * height
    x, y = float(rng.uniform(0, width - w)), float(rng.uniform(0, height - h))
    return x, y, x + w, y + h


def _inner(area: shapes.Area, share: float) -> shapes.Area:
    """The middle of an area, that share of its width and height."""
    x0, y0, x1, y1 = area
    mx, my = (x1 - x0) * (1 - share) / 2, (y1 - y0) * (1 - share) / 2
    return x0 + mx, y0 + my, x1 - mx, y1 - my


def sign(page: Composer) -> None:
    """A board with a frame: a street's or a town's name, distances, a house number, a limit, a short text."""
    rng, language = page.rng, any_language(page.rng)
    numbered = not happens(rng, LABEL_DIGITLESS)
    area = _area(page, 0.55)
    outline = shapes.any_outline(rng, area)
    if happens(rng, 0.5):
        page.fill(outline, float(rng.uniform(0.08, 0.35)))
    if happens(rng, 0.7):
        page.rule(outline, float(rng.uniform(1.5, 7)))
    kind = rng.uniform()
    lines: list[Line]
    if not numbered:
        lines = [(text, 1.0) for text in pick(rng, [*TOWN_WORDS.split(), *STREETS.split("|"), *CITIES.split()]).split()]
    elif kind < 0.25:
        lines = [
            (f"{pick(rng, CITIES)} {digits(rng, int(rng.integers(1, 4)))}", 1.0) for _ in range(int(rng.integers(1, 4)))
        ]
    elif kind < 0.45:
        lines = [(pick(rng, TOWN_WORDS), 0.7), (digits(rng, int(rng.integers(1, 4))), 1.6)]
    elif kind < 0.6:
        lines = [(digits(rng, int(rng.integers(1, 4))) + pick(rng, ["", "", "a", "B"]), 2.0)]
    elif kind < 0.8:
        lines = [(pick(rng, SALES.split("|")).format(digits(rng, int(rng.integers(1, 3)))), 1.4)]
    else:
        lines = [(pick(rng, STREETS.split("|")), 1.0), (" ".join(code(rng, language)), 1.2)]
    share = 0.9 if len(outline) == 5 and outline[0][0] == outline[3][0] else 0.62
    centred(page, lines, _inner(area, share), fill=float(rng.uniform(0.3, 1)))


def poster(page: Composer) -> None:
    """Lines of very different sizes: a shop's name, what it sells, when it is open, whom to call."""
    rng, language = page.rng, any_language(page.rng)
    numbered = not happens(rng, LABEL_DIGITLESS)
    lines: list[Line] = [(" ".join(person(rng)[-1:] if happens(rng, 0.4) else [pick(rng, TOWN_WORDS)]), 2.0)]
    for _ in range(int(rng.integers(1, 5))):
        words = [pick(rng, f"{PRODUCTS} {language.words}") for _ in range(int(rng.integers(1, 3)))]
        if numbered and happens(rng, 0.55):
            words = words[:1] + (clock, phone, amount, measure)[int(rng.integers(4))](rng, language)
        lines.append((" ".join(words), float(rng.uniform(0.6, 1.2))))
    if happens(rng, 0.4):
        page.rule(shapes.rectangle((3, 3, page.size[1] - 3, page.size[0] - 3)), float(rng.uniform(1, 5)))
    centred(
        page,
        lines,
        (6, 6, page.size[1] - 6, page.size[0] - 6),
        float(rng.choice([0.0, 0.5, 0.5])),
        float(rng.uniform(0, 1)),
    )


def logo(page: Composer) -> None:
    """Letters in shapes, with a word below or beside them."""
    rng = page.rng
    for _ in range(int(rng.choice([1, 1, 2]))):
        side = float(rng.uniform(0.25, 0.6)) * min(page.size)
        x, y = (float(rng.uniform(0, page.size[axis] - side)) for axis in (1, 0))
        area = (x, y, x + side, y + side * float(rng.uniform(0.7, 1.0)))
        outline = shapes.any_outline(rng, area)
        if happens(rng, 0.5):
            page.fill(outline, float(rng.uniform(0.15, 0.45)))
        for ring in range(int(rng.choice([1, 1, 2]))):
            share = 1 - 0.16 * ring
            middle = np.array([(area[0] + area[2]) / 2, (area[1] + area[3]) / 2])
            points = (np.array(outline) - middle) * share + middle
            page.rule([(float(a), float(b)) for a, b in points], float(rng.uniform(1.5, 6)))
        letters = "".join(rng.choice(list("ABCDEFGHKLMNPRSTUVWXYZ"), int(rng.integers(2, 4))).tolist())
        centred(page, [(letters, 2.0)], _inner(area, 0.5), fill=0.8)
        if area[3] + 20 < page.size[0] and happens(rng, 0.7):
            word = pick(rng, f"{PRODUCTS} {CITIES}")
            centred(
                page,
                [(word.upper() if happens(rng, 0.5) else word, 1.0)],
                (area[0], area[3] + 3, area[2], page.size[0]),
            )


def keyboard(page: Composer) -> None:
    """Keys in rows, shifted or not, a letter on each, at times with the row of digits above."""
    rng = page.rng
    rows = _rows(rng)
    longest = max(map(len, rows))
    pitch = min(page.size[1] / (longest + 1.2), page.size[0] / len(rows))
    y0 = float(rng.uniform(0, page.size[0] - pitch * len(rows)))
    gap, shifted, filled = float(rng.uniform(0.05, 0.2)) * pitch, happens(rng, 0.7), float(rng.choice([0.0, 0.0, 0.2]))
    lower = happens(rng, 0.2)
    height = pitch * float(rng.uniform(0.3, 0.5))
    for index, keys in enumerate(rows):
        left = pitch * 0.4 * index if shifted else 0.0
        row = page.new_row(y0 + (index + 0.5) * pitch)
        for column, key in enumerate(keys):
            x, y = left + column * pitch, y0 + index * pitch
            area = (x + gap / 2, y + gap / 2, x + pitch - gap / 2, y + pitch - gap / 2)
            if filled:
                page.fill(shapes.rectangle(area), filled)
            page.rule(shapes.rectangle(area), 1.5, 0.8)
            run = write(page.scribe, key.lower() if lower else key)
            if run:
                middle = x + pitch / 2 - (run.box[0] + run.box[2]) / 2 * height
                page.put(run, middle, y + pitch / 2 + height * 0.45, height, row)


def _rows(rng: np.random.Generator) -> list[str]:
    """Rows of keys."""
    rows = KEYBOARDS[int(rng.integers(len(KEYBOARDS)))].split()
    return ["1234567890"[: max(len(rows[0]), 7)], *rows] if happens(rng, 0.5) else rows


def keypad(page: Composer) -> None:
    """The keys of a telephone or a cash machine: digits, small letters below them."""
    rng = page.rng
    lettered, round_keys, turned = happens(rng, 0.6), happens(rng, 0.35), happens(rng, 0.2)
    pitch = page.size[1] / 3, page.size[0] / 4
    height = min(pitch) * float(rng.uniform(0.3, 0.45))
    rows = [page.new_row((index + 0.5) * pitch[1]) for index in range(4)]
    for index, letters in enumerate(KEYPAD_LETTERS):
        column, row_index = index % 3, index // 3
        label = str(index + 1) if index < 9 else "*0#"[index - 9]
        if turned and index < 9:
            label = str((2 - row_index) * 3 + column + 1)
        x, y = column * pitch[0], row_index * pitch[1]
        area = _inner((x, y, x + pitch[0], y + pitch[1]), 0.86)
        page.rule(shapes.polygon(area, shapes.ROUND_CORNERS) if round_keys else shapes.rectangle(area), 1.5, 0.8)
        lines: list[Line] = [(label, 1.0)]
        if lettered and len(letters) > 1:
            lines.append((letters, 0.4))
        middle = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2 + height * (0.25 if lettered else 0.45)
        _on_key(page, lines, middle, height, rows[row_index])


def _on_key(page: Composer, lines: list[Line], place: tuple[float, float], height: float, row: Row) -> None:
    """Lines on a key below each other. place: middle of the first one's baseline, pixels."""
    x, y = place
    for text, size in lines:
        run = write(page.scribe, text, size)
        if run:
            page.put(run, x - run.width * height / 2, y, height, row)
        y += height * 0.6
