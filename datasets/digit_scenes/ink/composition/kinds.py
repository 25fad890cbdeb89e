"""By name, all kinds of composed pages."""

from __future__ import annotations

from collections.abc import Callable

from digit_scenes.ink.composition import (
    algebra,
    arithmetic,
    boards,
    cells,
    combs,
    crops,
    labels,
    notes,
    prose,
    table_kinds,
)
from digit_scenes.ink.composition.composer import Composer

Kind = Callable[[Composer], None]
KINDS: dict[str, Kind] = {
    "numbers": notes.numbers,
    "worded": notes.worded,
    "all-digits": notes.all_digits,
    "practice": notes.practice,
    "equations": arithmetic.equations,
    "canvas": arithmetic.canvas,
    "column-sum": arithmetic.column_sum,
    "worksheet": arithmetic.worksheet,
    "long-division": arithmetic.long_division,
    "unknowns": algebra.unknowns,
    "system": algebra.system,
    "fractions": algebra.fractions,
    "powers": algebra.powers,
    "marks": table_kinds.marks,
    "logbook": table_kinds.logbook,
    "prices": table_kinds.prices,
    "timetable": table_kinds.timetable,
    "grid": table_kinds.grid,
    "sudoku": table_kinds.sudoku,
    "calendar": table_kinds.calendar,
    "bingo": table_kinds.bingo,
    "wordy table": table_kinds.wordy,
    "combs": combs.combs,
    "paragraphs": prose.paragraphs,
    "letter": prose.letter,
    "listing": prose.listing,
    "jottings": prose.jottings,
    "crossword": prose.crossword,
    "cell": cells.cell,
    "lone-words": crops.lone_words,
    "marks-of-a-pen": crops.marks_of_a_pen,
    "value": crops.value,
    "form": labels.form,
    "price-tags": labels.price_tags,
    "package": labels.package,
    "plate": labels.plate,
    "sign": boards.sign,
    "poster": boards.poster,
    "logo": boards.logo,
    "keyboard": boards.keyboard,
    "keypad": boards.keypad,
}
